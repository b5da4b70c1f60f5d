"""Endpoints on loopback that answer a probe in some way, and the guest that has them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any

from homeostat.driver.errors import DriverError
from homeostat.models.probe import Probe
from homeostat.runtime.machine.probing.attempt import Endpoint, Result, attempt

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Loopback:
    """A guest whose every port is one of ours. ``endpoint`` is None while it has no address."""

    endpoint: Endpoint | None
    agent: bool = False
    codes: dict[str, int] = field(default_factory=dict)  # program -> exit code
    reachable: bool = True  # its host

    def locate(self, port: int) -> Endpoint | None:
        return self.endpoint

    def can_be_asked(self) -> bool:
        return self.reachable

    async def ping(self, timeout: float) -> None:
        if not self.agent:
            raise DriverError("the guest agent does not answer")

    async def run(self, command: Sequence[str], timeout: float) -> int:
        await self.ping(timeout)
        return self.codes[command[0]]


@asynccontextmanager
async def serving(answer: Answer, host: str = "127.0.0.1", tls: SSLContext | None = None) -> AsyncIterator[Loopback]:
    open_now: set[asyncio.StreamWriter] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_now.add(writer)
        try:
            await answer(reader, writer)
            writer.close()
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.close()  # the probe has heard enough
        open_now.discard(writer)

    server = await asyncio.start_server(connected, host, 0, ssl=tls, backlog=1024)
    async with server:
        yield Loopback(Endpoint(host, server.sockets[0].getsockname()[1]))
        for writer in open_now:
            writer.transport.abort()


def says(text: bytes) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(text)
        await writer.drain()

    return answer


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()  # until the probe gives up


def unused_endpoint(host: str = "127.0.0.1") -> Endpoint:
    """Where nobody listens."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as found:
        found.bind((host, 0))
        return Endpoint(host, found.getsockname()[1])


def http(**fields: Any) -> Probe:
    return Probe.model_validate({"httpGet": {"port": 80, **fields}})


def sooner(seconds: float) -> asyncio.Timeout:
    """Waits a tenth of what a probe allows: a second is the least that one can say."""
    return asyncio.timeout(seconds / 10)


async def tried(probe: Probe, answer: Answer, host: str = "127.0.0.1", tls: SSLContext | None = None) -> Result:
    async with serving(answer, host, tls) as guest:
        return await attempt(probe, guest)
