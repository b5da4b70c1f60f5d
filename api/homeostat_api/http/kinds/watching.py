"""Watching kinds of resources: each as it is, then each change of it, for as long as the client stays connected."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from homeostat.models.kinds import BY_PLURAL
from homeostat.service.changes import Changes
from homeostat.service.desk import Desk

from ..answers.stream import RETRY
from ..media import dumps
from .kind_index import Entry, KindIndexes

PART = 64 * 1024  # bytes that are sent at once, at least, while there are more
GATHERED = 0.2  # seconds in which changes are gathered, so that a busy operator does not have each of them sent alone
SEES_AGAIN = 2.0  # seconds until it looks again whether somebody may see more or less than before

Known = dict[str, "SentEntry"]  # of one kind, by name


@dataclass(frozen=True, slots=True)
class SentEntry:
    """What a client was sent of a resource. ``entry`` is kept as it was, so that one that has not changed is not compared."""

    entry: Entry
    whole: bytes


class Watch:
    """Watches, for many clients. ``indexes``: the rendered resources; ``last_look`` returns since when they may be out of
    date, or None."""

    def __init__(
        self,
        indexes: KindIndexes,
        changes: Changes,
        keep_alive: float,
        last_look: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._indexes = indexes
        self._changes = changes
        self._keep_alive = keep_alive
        self._last_look = last_look

    async def follow(self, kinds: Sequence[str], desk_of: Callable[[], Desk]) -> AsyncGenerator[bytes, None]:
        """Yields server-sent events, without end: ADDED for each resource that an actor sees, BOOKMARK when these are all; then
        ADDED, MODIFIED and DELETED, with a BOOKMARK after those that came together. A BOOKMARK also comes while nothing changes.
        ``desk_of`` returns what serves the actor."""
        known: dict[str, Known] = {kind: {} for kind in kinds}
        quiet = self._keep_alive
        marked: str | None = None
        yield b"retry: %d\n\n" % round(1000 * RETRY)
        while not self._changes.stopping:
            version, last_look = self._changes.version(), self._last_look()
            frames = [frame for kind in kinds for frame in await self._news(kind, desk_of(), known[kind])]
            if frames or last_look != marked or quiet >= self._keep_alive:
                for part in _parts([*frames, _bookmark(version, last_look)]):
                    yield part
                marked, quiet = last_look, 0.0
                await asyncio.sleep(GATHERED)
            pause = min(SEES_AGAIN, self._keep_alive)
            if await self._changes.wait(version, pause) == version:
                quiet += pause

    async def _news(self, kind: str, desk: Desk, known: Known) -> Sequence[bytes]:
        """Returns what a client does not know yet of a kind, and notes that it does now."""
        _, entries = await self._indexes.of(BY_PLURAL[kind]).seen_from(desk)
        frames = []
        for entry in entries:
            before = known.get(entry.name)
            if before is not None and before.entry is entry:
                continue
            known[entry.name] = SentEntry(entry, entry.whole)
            if before is None or before.entry.uid != entry.uid:
                frames.append(_frame_of("ADDED", kind, entry.whole))
            elif before.whole != entry.whole:
                frames.append(_frame_of("MODIFIED", kind, entry.whole))
        if len(entries) != len(known):
            for gone in known.keys() - {entry.name for entry in entries}:
                del known[gone]
                frames.append(_frame("DELETED", {"kind": kind, "name": gone}))
        return frames


def _bookmark(version: int, last_look: str | None) -> bytes:
    return _frame("BOOKMARK", {"version": version} if last_look is None else {"version": version, "lastLook": last_look})


def _frame(type: str, said: Mapping[str, Any]) -> bytes:
    return b"data: " + dumps({"type": type, **said}) + b"\n\n"


def _frame_of(type: str, kind: str, whole: bytes) -> bytes:
    """Returns the frame of a resource that was rendered before: JSON without line breaks, put in as it is."""
    return b'data: {"type":"%b","kind":"%b","object":%b}\n\n' % (type.encode(), kind.encode(), whole)


def _parts(frames: Sequence[bytes]) -> Iterator[bytes]:
    """Yields frames joined to parts of some size."""
    part: list[bytes] = []
    size = 0
    for frame in frames:
        part.append(frame)
        size += len(frame)
        if size >= PART:
            yield b"".join(part)
            part, size = [], 0
    if part:
        yield b"".join(part)
