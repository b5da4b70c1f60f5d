"""The operator's own port: no bytes make it fail, and who holds connections keeps no probe out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from prometheus_client import CollectorRegistry

from homeostat.runtime import telemetry
from homeostat.runtime.engine.supervise import Supervisor
from homeostat.runtime.telemetry import CONNECTIONS, TelemetryPort, TelemetryServer
from tests.rig.waiting import free_port


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[int, Supervisor]]:
    supervisor, port = Supervisor(), free_port()
    supervisor.attend(asyncio.get_running_loop())
    async with TelemetryServer(TelemetryPort("127.0.0.1", port), CollectorRegistry(), supervisor) as server:
        yield port, supervisor
        async with asyncio.timeout(20):
            while server._held:  # noqa: ASYNC110
                await asyncio.sleep(0.001)


async def asked(port: int, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return answer


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\n\r\n", 200),
        (b"GET /\xff\xfe HTTP/1.1\r\n\r\n", 404),
        (b"GET /\x00 HTTP/1.1\r\n\r\n", 404),
        (b"\x16\x03\x01\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
        (b"GET /" + b"a" * 4 * telemetry.REQUEST_MAX + b" HTTP/1.1\r\n\r\n", 400),
    ],
)
async def test_security_8_the_operators_port_answers_everything(sent: bytes, status: int) -> None:
    async with serving() as (port, supervisor):
        assert (await asked(port, sent)).startswith(b"HTTP/1.0 %d " % status)
        assert supervisor.failing == []


async def test_security_6_who_holds_the_operators_port_keeps_no_probe_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "TIMEOUT", 60)
    async with serving() as (port, supervisor):
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS + 20)]
        for _, writer in held:
            writer.write(b"GET /healthz")
        assert b"200 OK" in await asked(port, b"GET /healthz HTTP/1.1\r\n\r\n")
        for reader, _ in held[:20]:
            with suppress(ConnectionError):  # what it sent was not read
                assert await asyncio.wait_for(reader.read(), 20) == b""
        for _, writer in held:
            writer.close()
        assert supervisor.failing == []


async def test_security_6_half_a_request_to_the_operators_port_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "TIMEOUT", 0.05)
    async with serving() as (port, supervisor):
        with suppress(ConnectionError):
            assert await asked(port, b"GET /healthz") == b""
        assert supervisor.failing == []
