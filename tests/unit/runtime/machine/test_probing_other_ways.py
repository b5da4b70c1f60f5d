"""tcpSocket, guestAgentPing and exec probes."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import pytest

from homeostat.models.probe import Probe
from homeostat.runtime.machine.probing.attempt import Endpoint, attempt
from tests.unit.probed import Loopback, serving, silent, tried, unused_endpoint

TCP = Probe.model_validate({"tcpSocket": {"port": 22}})
PING = Probe.model_validate({"guestAgentPing": {}})
EXEC = Probe.model_validate({"exec": {"command": ["/bin/check", "-q"]}})


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_an_open_port(host: str) -> None:
    result = await tried(TCP, silent, host=host)
    assert result.ok and "accepts connections" in result.message


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_closed_port(host: str) -> None:
    result = await attempt(TCP, Loopback(unused_endpoint(host)))
    assert not result.ok and "refused" in result.message


async def test_no_address_yet() -> None:
    result = await attempt(TCP, Loopback(None))
    assert not result.ok and "port 22 cannot be reached yet" in result.message


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As QEMU does where the guest refuses what was accepted for it."""


async def speak_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example\r\n")


async def test_a_forward_that_nobody_listens_behind() -> None:
    async with serving(hang_up) as guest:
        assert (await attempt(TCP, guest)).ok, "a guest's own port was open, whatever it did then"
        result = await attempt(TCP, Loopback(relayed(guest.endpoint)))
    assert not result.ok and "nobody listens behind this forward" in result.message


async def test_a_forward_that_somebody_listens_behind() -> None:
    for answer in (silent, speak_first):
        async with serving(answer) as guest:
            assert (await attempt(TCP, Loopback(relayed(guest.endpoint)))).ok


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_forward_to_a_server_that_neither_speaks_nor_hangs_up(host: str) -> None:
    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serving(wait, host) as guest:
        assert (await attempt(TCP, Loopback(relayed(guest.endpoint)))).ok


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_forward_into_a_guest_that_still_boots(host: str) -> None:
    """QEMU has accepted, and reads nothing until the guest has too."""
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as server:
        guest = Loopback(Endpoint(host, server.getsockname()[1]))
        assert (await attempt(TCP, guest)).ok
        result = await attempt(TCP, Loopback(relayed(guest.endpoint)))
        assert (result.ok, result.message) == (False, "no answer within 1 s")


async def test_a_forward_whose_guest_comes_up_and_refuses() -> None:
    asked = 0

    async def first_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            await reader.read()

    async with serving(first_late) as guest:
        result = await attempt(TCP, Loopback(relayed(guest.endpoint)))
    assert asked == 2 and "nobody listens behind this forward" in result.message


def relayed(endpoint: Endpoint | None) -> Endpoint:
    assert endpoint is not None
    return replace(endpoint, relayed=True)


async def test_the_agent_answers() -> None:
    assert (await attempt(PING, Loopback(None, agent=True))).ok
    result = await attempt(PING, Loopback(None, agent=False))
    assert (result.ok, result.message) == (False, "the guest agent does not answer")


@pytest.mark.parametrize(("code", "ok"), [(0, True), (1, False), (137, False)])
async def test_the_exit_code_decides(code: int, ok: bool) -> None:
    result = await attempt(EXEC, Loopback(None, agent=True, codes={"/bin/check": code}))
    assert (result.ok, result.message) == (ok, f"/bin/check exited with {code}")


async def test_a_command_that_does_not_end() -> None:
    class Busy(Loopback):
        async def run(self, command: object, timeout: float) -> int:
            async with asyncio.timeout(timeout / 100):
                await asyncio.Event().wait()
            return 0

    result = await attempt(EXEC, Busy(None))
    assert (result.ok, result.message) == (False, "no answer within 1 s")
