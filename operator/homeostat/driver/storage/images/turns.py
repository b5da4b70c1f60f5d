"""Whose turn it is to be fetched. Only a few fetches run at once. None waits for long behind a slow server, or behind an image
that nobody wants any more. Local files do not wait behind remote ones."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from homeostat.driver.errors import DriverError

from ..paths import human_size

AT_ONCE = 2  # of each kind; more of them only share the line
MOST = 16  # remote ones, including those that gave their turn away
WINDOW = 60.0  # seconds over which the speed is measured, while we ran
PARTS = 20  # parts of a window; a part that takes twice as long contained a pause of ours
LEAST = 1024  # bytes a second that a server must send
SLOW = 64 * 1024  # bytes a second below which a fetch lets the next one begin
DEADLINE = 86400.0  # seconds of one try
UNSEEN = 2  # windows without a reader, after which it is given up


class TooSlow(DriverError):
    """The server was too slow. A later try goes on, where the server allows that."""


class Unwanted(Exception):
    """Nobody asks for the image any more."""


@dataclass(slots=True)
class Fetch:
    """One fetch under way, or in the queue."""

    name: str  # as shown
    remote: bool
    waits: bool = True  # for its turn
    task: asyncio.Task[None] | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    fetched: int = 0  # bytes that are on the disk
    total: int | None = None
    came: int = 0  # bytes of all its tries
    coming: bool = False  # its server should send now
    seen: bool = True  # somebody read it lately
    reported: float = float("-inf")
    has_turn: bool = False

    def progress(self, fetched: int, total: int | None) -> None:
        self.came += max(0, fetched - self.fetched)
        self.fetched, self.total = fetched, total


class FetchTurns:
    def __init__(self) -> None:
        self._free = {remote: asyncio.Semaphore(AT_ONCE) for remote in (True, False)}

    def full(self, remote: bool) -> bool:
        """Tells whether the next of its kind has to wait."""
        return self._free[remote].locked()

    @asynccontextmanager
    async def turn(self, fetch: Fetch) -> AsyncIterator[None]:
        """Waits for its turn."""
        await self._free[fetch.remote].acquire()
        fetch.has_turn, fetch.waits = True, False
        try:
            yield
        finally:
            self.give_away(fetch)

    def give_away(self, fetch: Fetch) -> None:
        """Lets the next fetch begin; this one may go on beside it."""
        if fetch.has_turn:
            fetch.has_turn = False
            self._free[fetch.remote].release()


def ahead(fetch: Fetch, others: Iterable[Fetch]) -> tuple[str, ...]:
    """Names the images that it waits behind."""
    return tuple(other.name for other in others if other.remote == fetch.remote and other.has_turn)


async def watch(fetch: Fetch, turns: FetchTurns, tell: Callable[[], None], others: Callable[[], Iterable[Fetch]]) -> None:
    """Watches a fetch, and never returns. ``tell`` makes its readers read again.

    Raises:
        TooSlow, Unwanted.
    """
    windows = unseen = 0
    while True:
        came, fetch.seen, was_coming = fetch.came, False, fetch.coming
        tell()
        await _window()
        windows, unseen = windows + 1, 0 if fetch.seen else unseen + 1
        if unseen >= UNSEEN:
            raise Unwanted
        pace = (fetch.came - came) / WINDOW
        if not (fetch.remote and was_coming and fetch.coming):
            continue
        if pace < LEAST:
            raise TooSlow(f"image {fetch.name}: its server sends less than {human_size(LEAST)} a second")
        if windows * WINDOW >= DEADLINE:
            raise TooSlow(f"image {fetch.name}: it did not arrive within {DEADLINE / 3600:.0f} hours")
        if pace < SLOW and sum(other.remote and not other.waits for other in others()) < MOST:
            turns.give_away(fetch)


async def _window() -> None:
    """Waits until this process ran for the length of a window. While it does not run (stopped or starved) it reads no data, and
    that is not the server's fault."""
    loop, left = asyncio.get_running_loop(), PARTS
    while left:
        part, began = WINDOW / PARTS, loop.time()
        await asyncio.sleep(part)
        left -= loop.time() - began < 2 * part
