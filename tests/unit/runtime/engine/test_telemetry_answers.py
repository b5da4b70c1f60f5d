"""What the operator says of itself over its socket: that it is well or what fails, whether it is ready, and what it looked at."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter

from homeostat.models.base import Key
from homeostat.runtime.engine.supervise import Supervisor
from homeostat.runtime.telemetry import TelemetryServer

MANY = 100  # connections, one after another


async def asked(socket: Path, path: str) -> tuple[int, str, bytes]:
    """Status, type and body; the length that is told is the body's."""
    reader, writer = await asyncio.open_unix_connection(str(socket))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head, _, body = (await asyncio.wait_for(reader.read(), 20)).partition(b"\r\n\r\n")
    writer.close()
    first, *fields = head.decode().split("\r\n")
    named = dict(field.split(": ", 1) for field in fields)
    assert first.startswith("HTTP/1.0 ") and int(named["Content-Length"]) == len(body)
    return int(first.split()[1]), named["Content-Type"].partition(";")[0], body


async def test_each_of_its_pages(tmp_path: Path) -> None:
    registry, supervisor, unready = CollectorRegistry(), Supervisor(), [""]
    Counter("looks", "Looks.", registry=registry).inc(3)
    more: Any = {"unready": lambda: unready[0], "looked_at": lambda: [Key("VirtualMachine", "default", "web")]}
    async with TelemetryServer(tmp_path / "s", registry, supervisor, **more):
        assert b"looks_total 3.0" in (await asked(tmp_path / "s", "/metrics"))[2]
        assert await asked(tmp_path / "s", "/healthz") == (200, "application/json", b'{"status": "ok", "failing": []}\n')
        assert await asked(tmp_path / "s", "/readyz") == (200, "text/plain", b"ok\n")
        status, _, body = await asked(tmp_path / "s", "/looked-at")
        assert (status, json.loads(body)) == (200, [str(Key("VirtualMachine", "default", "web"))])
        assert (await asked(tmp_path / "s", "/"))[0] == 404
        unready[0] = "no lease\nyet"
        status, _, body = await asked(tmp_path / "s", "/readyz")
        assert status == 503 and body.count(b"\n") == 1 and b"no lease" in body
        unready[0] = ""
        supervisor.failed("feed", ValueError("it broke"))
        status, _, body = await asked(tmp_path / "s", "/healthz")
        told = json.loads(body)
        assert (status, told["status"], len(told["failing"])) == (200, "failing", 1) and "it broke" in str(told)
        status, _, body = await asked(tmp_path / "s", "/readyz")
        assert status == 503 and b"feed" in body


async def test_who_looks_with_others_does_not_say_at_what(tmp_path: Path) -> None:
    async with TelemetryServer(tmp_path / "s", CollectorRegistry(), Supervisor()):
        assert (await asked(tmp_path / "s", "/looked-at"))[0] == 404


async def test_its_socket_is_its_owners_and_goes_with_it(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("left over")
    before = os.umask(0o022)
    try:
        server = TelemetryServer(tmp_path / "s", CollectorRegistry(), Supervisor())
        async with server:
            found = (tmp_path / "s").stat()
            assert stat.S_ISSOCK(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o600
            assert os.umask(0o022) == 0o022, "that of the process is as before"
            for _ in range(MANY):
                assert (await asked(tmp_path / "s", "/readyz"))[0] == 200, "whoever went holds no place"
        assert not (tmp_path / "s").exists()
        assert server._server is not None and not server._server.is_serving()
        async with server:
            (tmp_path / "s").unlink()  # somebody cleaned up
    finally:
        os.umask(before)
