"""The bytes of screens through our WebSockets, against websockify in front of the VNC ports of the same QEMUs, in turn: whole
pictures, raw, as fast as they come, to several viewers at once. And the memory of 100 consoles that nobody types in."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from shutil import which

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from benchmarks.measure import DEADLINE, rss_mb
from benchmarks.pairs import Figures, in_turn
from benchmarks.result import Result
from benchmarks.screens import SIZE, Screens, cpu_seconds, screens
from tests.rig.consoles import BYTES, VERSION, Console, ticket
from tests.rig.waiting import free_port, wait_until

DEFAULT = 1000  # pictures of 720 × 400
BUDGET = "bytes/s >= 0.8 x websockify (ratio of seconds <= 1.25); idle_mb_per_100 <= 10"
IDLE = 100
MACHINES = 10
VIEWERS = 2  # of each
BOUNDS = ("--consoles-per-account", "1000", "--consoles-per-machine", "1000")
PICTURE = 4 * SIZE[0] * SIZE[1]  # bytes

Way = tuple[str, Sequence[Subprotocol]]
"""A WebSocket's address, and its subprotocols."""


def measure(count: int) -> Result:
    if which("websockify") is None:
        raise SystemExit("this compares with websockify: apt-get install websockify")
    with screens(MACHINES, BOUNDS, vnc={"listen": "127.0.0.1"}) as place, _websockify(place) as (url, pid):
        for name in place.names:
            wait_until(lambda name=name: _size(place, name) == SIZE, DEADLINE, "the firmware shows text")  # type: ignore[misc]
        found = in_turn("console", count, BUDGET, lambda _: _ours(place, count), lambda _: _theirs(place, url, pid, count))
        idle = _idle(place)
    megabytes = count * PICTURE / 1e6
    assert found.baseline is not None
    rates = {"mb_per_s": megabytes / found.value, "websockify_mb_per_s": megabytes / found.baseline}
    return replace(found, more={**found.more, **rates, "idle_mb_per_100": idle})


@contextmanager
def _websockify(place: Screens) -> Iterator[tuple[str, int]]:
    """Yields where it listens, and its pid."""
    targets = place.home.root / "targets"
    targets.write_text("".join(f"{name}: {place.home.status(name).vnc}\n" for name in place.names))
    port = free_port()
    command = ["websockify", f"127.0.0.1:{port}", "--token-plugin", "TokenFile", "--token-source", str(targets)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"ws://127.0.0.1:{port}/", process.pid
    finally:
        process.terminate()
        process.wait(30)


def _size(place: Screens, name: str) -> tuple[int, int]:
    console = Console.open(place.http, name, protocol=BYTES, mode="view")
    try:
        return console.greet()
    finally:
        console.close()


def _ours(place: Screens, count: int) -> Figures:
    base = str(place.http.base_url.copy_with(scheme="ws")).rstrip("/")
    ways: list[Way] = []
    for name in place.names * VIEWERS:
        given = ticket(place.http, name, mode="view")
        ways.append((base + given["path"], [Subprotocol(BYTES), Subprotocol(given["ticket"])]))
    before = cpu_seconds(place.worker)
    return {"seconds": asyncio.run(_watch(ways, count)), "cpu_s": cpu_seconds(place.worker) - before}


def _theirs(place: Screens, url: str, pid: int, count: int) -> Figures:
    """websockify serves each connection by a process of its own, which ends with it."""
    before = _cpu_of_ended(pid)
    took = asyncio.run(_watch([(f"{url}?token={name}", [Subprotocol(BYTES)]) for name in place.names * VIEWERS], count))
    return {"seconds": took, "websockify_cpu_s": _cpu_of_ended(pid) - before}


def _cpu_of_ended(pid: int) -> float:
    """Returns the CPU time of the children of a process that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / 100


async def _watch(ways: Sequence[Way], count: int) -> float:
    """Returns the seconds until so many pictures have come, over all ways together."""
    left = count
    viewers = [_Viewer(await connect(url, subprotocols=spoken, compression=None, max_size=None)) for url, spoken in ways]
    for viewer in viewers:
        await viewer.greet()

    async def look(viewer: _Viewer) -> None:
        nonlocal left
        while left > 0:
            await viewer.picture()
            left -= 1

    began = time.perf_counter()
    await asyncio.gather(*map(look, viewers))
    took = time.perf_counter() - began
    for viewer in viewers:
        await viewer.socket.close()
    return took


class _Viewer:
    """Reads pixels as cheaply as it can: they are counted, and not kept."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._unread = b""

    async def greet(self) -> None:
        """Goes through RFB's handshake, and asks for raw pixels."""
        assert await self._read(12) == VERSION
        await self.socket.send(VERSION)
        await self._read((await self._read(1))[0])
        await self.socket.send(b"\x01")
        await self._read(4)
        await self.socket.send(b"\x01")
        init = await self._read(24)
        await self._read(int.from_bytes(init[20:24], "big"))
        await self.socket.send(b"\x02\x00\x00\x01" + bytes(4))

    async def picture(self) -> None:
        await self.socket.send(b"\x03\x00" + bytes(4) + SIZE[0].to_bytes(2, "big") + SIZE[1].to_bytes(2, "big"))
        left = SIZE[0] * SIZE[1]
        while left > 0:
            for _ in range(int.from_bytes((await self._read(4))[2:], "big")):
                rectangle = await self._read(12)
                pixels = int.from_bytes(rectangle[4:6], "big") * int.from_bytes(rectangle[6:8], "big")
                await self._skip(4 * pixels)
                left -= pixels

    async def _read(self, size: int) -> bytes:
        while len(self._unread) < size:
            self._unread += await self.socket.recv(decode=False)
        found, self._unread = self._unread[:size], self._unread[size:]
        return found

    async def _skip(self, size: int) -> None:
        while len(self._unread) < size:
            size -= len(self._unread)
            self._unread = await self.socket.recv(decode=False)
        self._unread = self._unread[size:]


def _idle(place: Screens) -> float:
    """Returns the MB that so many consoles take."""
    with ExitStack() as stack:
        _size(place, place.names[0])
        before = rss_mb(place.worker)
        for number in range(IDLE):
            console = Console.open(place.http, place.names[number % MACHINES], protocol=BYTES, mode="view")
            stack.callback(console.close)
            console.picture(console.greet())
        return rss_mb(place.worker) - before
