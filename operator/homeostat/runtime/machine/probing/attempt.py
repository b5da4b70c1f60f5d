"""One try of one probe.

HTTP is done here in a few lines: a probe needs only the status line, and a thousand machines must cost no more than a few percent
of a core. The rules are the kubelet's: 200 to 399 is a success, redirects are not followed, and any certificate is accepted.
"""

from __future__ import annotations

import asyncio
import errno
import os
import ssl
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from homeostat.driver.errors import DriverError, HostUnreachable
from homeostat.models.probe import HttpGet, Probe

from .forward import somebody_listens

STATUS_LINE_MAX = 4096  # bytes


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a port of a guest can be reached from here."""

    host: str
    port: int
    relayed: bool = False  # QEMU accepts connections for the guest, which may refuse them afterwards


@dataclass(frozen=True, slots=True)
class Result:
    ok: bool
    message: str
    counts: bool = True  # False: the result says nothing about the guest


class Guest(Protocol):
    """How one guest can be reached."""

    def locate(self, port: int) -> Endpoint | None:
        """Returns the endpoint of a port of the guest. None: no address is known yet."""

    def can_be_asked(self) -> bool:
        """Returns False while its host is away: then its address and its agent's answers are unknown."""

    async def ping(self, timeout: float) -> None:
        """Asks the guest agent for a sign of life.

        Raises:
            DriverError: there is no guest agent.
            TimeoutError: it does not answer in time (seconds).
        """

    async def run(self, command: Sequence[str], timeout: float) -> int:
        """Runs a command in the guest, and returns its exit code.

        Raises:
            DriverError, TimeoutError: as ``ping``.
        """


async def attempt(
    probe: Probe, guest: Guest, within: Callable[[float], AbstractAsyncContextManager[object]] = asyncio.timeout
) -> Result:
    """Tries a probe once, and never raises: whatever goes wrong is the result. ``within`` raises TimeoutError when so many
    seconds have passed."""
    try:
        # The agent checks the time itself: it may first be busy with others, which is not the guest's failure.
        if by_agent(probe):
            return await _by_agent(probe, guest)
        async with within(probe.timeout_seconds):
            return await _by_network(probe, guest)
    except TimeoutError:
        return Result(False, f"no answer within {probe.timeout_seconds} s")
    except HostUnreachable as error:
        return Result(False, str(error), counts=False)
    except (OSError, ssl.SSLError, DriverError) as error:
        return Result(False, _explain(error))


def by_agent(probe: Probe) -> bool:
    return probe.exec is not None or probe.guest_agent_ping is not None


async def _by_network(probe: Probe, guest: Guest) -> Result:
    if probe.http_get is not None:
        endpoint = guest.locate(probe.http_get.port)
        return await _http(probe.http_get, endpoint) if endpoint else _nowhere(probe.http_get.port)
    assert probe.tcp_socket is not None
    endpoint = guest.locate(probe.tcp_socket.port)
    return await _tcp(endpoint) if endpoint else _nowhere(probe.tcp_socket.port)


async def _by_agent(probe: Probe, guest: Guest) -> Result:
    if probe.exec is not None:
        code = await guest.run(probe.exec.command, probe.timeout_seconds)
        return Result(code == 0, f"{probe.exec.command[0]} exited with {code}")
    await guest.ping(probe.timeout_seconds)
    return Result(True, "the guest agent answers")


def _nowhere(port: int) -> Result:
    return Result(False, f"port {port} cannot be reached yet: no address is known, and no forward leads there")


def _explain(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):  # an OSError too, whose number is OpenSSL's own and names another mistake of the system
        return "TLS fails: " + (error.reason or "no reason given").replace("_", " ").lower()
    if isinstance(error, ConnectionResetError) and not error.args:  # asyncio's, where a TLS handshake is cut off
        return "it hung up before TLS was agreed on"
    number = error.errno if isinstance(error, OSError) else None
    if number is not None and number in errno.errorcode:  # asyncio's message names an address and no reason
        return os.strerror(number).lower()
    return str(error) or type(error).__name__


async def _tcp(endpoint: Endpoint) -> Result:
    if endpoint.relayed:
        if not await somebody_listens(endpoint.host, endpoint.port):
            return Result(False, f"port {endpoint.port}: nobody listens behind this forward")
    else:
        _, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
        await _close(writer)
    return Result(True, f"port {endpoint.port} accepts connections")


async def _http(get: HttpGet, endpoint: Endpoint) -> Result:
    context = _any_certificate() if get.scheme == "HTTPS" else None
    reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port, ssl=context, limit=STATUS_LINE_MAX)
    try:
        writer.write(_request(get, endpoint))
        line = await reader.readline()
    except ValueError:  # there was no end of line within STATUS_LINE_MAX
        line = b""
    finally:
        # The answer has arrived: it counts even where the guest does not close the connection.
        writer.transport.abort() if context else writer.close()
    status = _status(line)
    if status is None:
        return Result(False, "what answers does not speak HTTP")
    return Result(200 <= status < 400, f"HTTP {status}")


def _request(get: HttpGet, endpoint: Endpoint) -> bytes:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    headers = {"host": f"{host}:{endpoint.port}", "user-agent": "homeostat-probe", "accept": "*/*", "connection": "close"}
    headers.update({h.name.lower(): h.value for h in get.http_headers})
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET {get.path} HTTP/1.1\r\n{lines}\r\n".encode()


def _status(line: bytes) -> int | None:
    words = line.split()
    return int(words[1]) if len(words) >= 2 and words[0].startswith(b"HTTP/") and words[1].isdigit() else None


@cache  # it takes milliseconds to make one
def _any_certificate() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError, ssl.SSLError):  # the answer has arrived: how the connection ends does not matter
        await writer.wait_closed()
