"""Server-sent events: read from the events table once, and given to every reader at its own pace.

Each reader has its own cursor. What it needs next comes from the recent frames in memory. For a reader that fell behind or
resumes, it comes from the table. So no reader delays another, and none misses an event.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from homeostat.models.base import Key
from homeostat.runtime.engine.ports import Event
from homeostat.service.changes import Changes
from homeostat.service.desk import Desk

RECENT = 2_000  # frames kept in memory, about 0.5 MB
BATCH = 500  # rows per read of the table
KNOWN = 10_000  # resources that one reader remembers
RETRY = 1.0  # seconds until a client connects again


@dataclass(frozen=True, slots=True)
class Frame:
    id: int
    text: bytes
    event: Event


class EventStream:
    """The stream. ``read(after_id, key, limit)`` gives events oldest first; with after_id 0 the newest ones. ``render`` returns
    one as it is sent, or nothing for one that readers do not get."""

    def __init__(
        self,
        read: Callable[[int, None, int], Sequence[Event]],
        changes: Changes,
        keep_alive: float,
        render: Callable[[Event], bytes],
    ) -> None:
        self._read = read
        self._changes = changes
        self._keep_alive = keep_alive
        self._render = render
        # Every event with an id above _base, up to _newest.
        self._recent: list[Frame] = []
        self._base = self._newest = 0
        self.readers = 0

    async def follow(self, after: int | None, desk: Desk) -> AsyncIterator[bytes]:
        """Yields frames for one reader, from after ``after`` or from now on: those that the desk's actor may see. Ends when the
        server stops."""
        known: dict[Key, bool] = {}
        newest = max((event.id for event in self._read(0, None, 1)), default=0)
        if self.readers == 0:
            # Nobody has kept the recent frames up to date until now.
            self._recent.clear()
            self._base = self._newest = newest
        cursor = newest if after is None else min(after, newest)
        self.readers += 1
        try:
            # Something at once: gunicorn sends the headers with the first bytes of the body.
            yield b"retry: %d\n: connected\n\n" % round(1000 * RETRY)
            while not self._changes.stopping:
                version = self._changes.version()
                frames = self._frames_after(cursor)
                if frames:
                    cursor = frames[-1].id
                    if text := b"".join(await self._seen(frames, desk, known)):
                        yield text
                    continue
                if await self._changes.wait(version, self._keep_alive) == version and not self._changes.stopping:
                    yield b": keep-alive\n\n"
        finally:
            self.readers -= 1

    def _frames_after(self, cursor: int) -> list[Frame]:
        self._catch_up()
        if cursor >= self._base:
            start = bisect_right(self._recent, cursor, key=attrgetter("id"))
            return self._recent[start : start + BATCH]
        return self._frames_of(cursor)

    def _catch_up(self) -> None:
        while frames := self._frames_of(self._newest):
            self._recent.extend(frames)
            self._newest = frames[-1].id
        if len(self._recent) > RECENT:
            dropped = len(self._recent) - RECENT
            self._base = self._recent[dropped - 1].id
            del self._recent[:dropped]

    def _frames_of(self, cursor: int) -> list[Frame]:
        """Returns the first frames after ``cursor``. Ids begin with 1, and 0 would ask for the newest."""
        return [Frame(event.id, self._render(event), event) for event in self._read(cursor or -1, None, BATCH)]

    async def _seen(self, frames: Sequence[Frame], desk: Desk, known: dict[Key, bool]) -> list[bytes]:
        """Returns the texts of what an actor may see, as he may read it. ``known``: whether he saw a resource when there was one;
        it tells of what has gone by now."""
        if desk.sees_all:
            return [frame.text for frame in frames]
        for key in {frame.event.key for frame in frames if frame.text}:
            seen = await desk.sees(key)
            if seen is not None:
                known[key] = seen
            while len(known) > KNOWN:
                known.pop(next(iter(known)))
        return [self._render(await desk.told(frame.event)) for frame in frames if frame.text and known.get(frame.event.key)]
