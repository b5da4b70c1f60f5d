"""A large body, read by a thread straight from its socket: the event loop serves others meanwhile, and nothing is copied twice.

Our connections offer this (``KEY`` in the scope). Where they do not, as over TLS, the body comes through the event loop as ever.
"""

from __future__ import annotations

import asyncio
import os
import select
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import falcon.asgi

KEY = "homeostat.connection"
BODY_SECONDS = 30.0  # for each part of a body: 35 KB/s
BODY_PART = 2**20  # bytes
LEAST = 4 * 2**20  # bytes of a body that this is worth while for
AT_ONCE = 8  # bodies that are read so in one process
LOOK = 0.25  # seconds between two looks whether to stop
ReadInto = Callable[[memoryview], int]

_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="body")
_running: set[DirectBody] = set()


class TakenConnection(Protocol):
    """A connection whose body is read past the event loop."""

    def take_body(self) -> tuple[bytes, int]:
        """Stops reading. Returns what was read and nobody had yet, and a descriptor of the socket, for the caller to close."""

    def give_body_back(self, complete: bool) -> None:
        """Reads on. ``complete``: there is nothing left of the body."""


class DirectBody:
    """One body of ``length`` bytes."""

    def __init__(self, req: falcon.asgi.Request, connection: TakenConnection, length: int) -> None:
        self._req = req
        self._connection = connection
        self.length = length

    async def run(self, work: Callable[[ReadInto], None]) -> None:
        """Calls ``work`` in a thread, with what reads some of the body into a buffer, and returns 0 at its end or where it is
        cut. Raises what ``work`` does."""
        _running.add(self)
        try:
            await self._run(work)
        finally:
            _running.discard(self)

    async def _run(self, work: Callable[[ReadInto], None]) -> None:
        first = b""
        async for chunk in self._req.stream:
            first = chunk
            break
        held, handle = self._connection.take_body()
        reader = _Reader(first + held, handle, self.length)
        running = asyncio.get_running_loop().run_in_executor(_threads, work, reader.receive)
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            reader.stop.set()
            await asyncio.wait([running])
            if not running.cancelled():
                running.exception()  # asked for, so that what is wrong with a body that nobody wants any more counts for nothing
            raise
        finally:
            os.close(handle)
            self._connection.give_body_back(reader.left == 0)


class _Reader:
    def __init__(self, held: bytes, handle: int, length: int) -> None:
        self._held = memoryview(held)
        self._handle = handle
        self._poll = select.poll()
        self._poll.register(handle, select.POLLIN)
        self._since, self._arrived = time.monotonic(), 0
        self.left = length
        self.stop = threading.Event()

    def receive(self, buffer: memoryview) -> int:
        """Reads some bytes."""
        size = self._take_held(buffer) if self._held else self._from_socket(buffer[: self.left])
        self.left -= size
        return size

    def _take_held(self, buffer: memoryview) -> int:
        size = min(len(buffer), len(self._held))
        buffer[:size] = self._held[:size]
        self._held = self._held[size:]
        return size

    def _from_socket(self, buffer: memoryview) -> int:
        while len(buffer) and not self.stop.is_set():
            try:
                size = os.readv(self._handle, [buffer])
            except (BlockingIOError, InterruptedError):
                if time.monotonic() - self._since > BODY_SECONDS:
                    return 0
                self._poll.poll(LOOK * 1000)
                continue
            except OSError:
                return 0
            self._arrived += size
            if self._arrived >= BODY_PART:
                self._since, self._arrived = time.monotonic(), 0
            return size
        return 0


def direct(req: falcon.asgi.Request) -> DirectBody | None:
    """Returns the request's body to be read so. None: it cannot, or it is not worth while."""
    connection = req.scope.get(KEY)
    length = req.content_length or 0
    if connection is None or length < LEAST or len(_running) >= AT_ONCE:
        return None
    return DirectBody(req, connection, length)
