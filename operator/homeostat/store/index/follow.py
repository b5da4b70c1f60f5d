"""Follows the index: other processes write into it too, and nothing tells of that."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from homeostat.models.base import Key

from .index import Index

INDEX_INTERVAL = 0.1
"""Seconds between looks at the index, which no file tells of. One look wakes the process, at some 0.2 ms."""


async def follow_index(
    index: Index, wake: asyncio.Event | None = None, interval: float = INDEX_INTERVAL, *, statuses: bool = False
) -> AsyncIterator[Key]:
    """Every key once, then each whose metadata or spec (with ``statuses``, or status) changed, whoever wrote it."""
    wake = wake or asyncio.Event()
    watcher = index.connect()  # one that never writes, so that its data_version shows the writes of all others
    cursor, seen, generation = 0, -1, index.generation
    try:
        while True:
            if index.check_file() != generation:  # another file took its place: what is in there may be other than what we told
                watcher.close()
                watcher, cursor, seen, generation = index.connect(), 0, -1, index.generation
            now = int(watcher.execute("PRAGMA data_version").fetchone()[0])
            if now != seen:
                seen = now
                newest = index.version()  # read first: what is written from here on must not be passed over
                keys, following = index.changed_since(cursor, statuses)
                cursor = max(following, newest) if cursor == 0 else following
                for key in keys:
                    yield key
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(interval):
                    await wake.wait()
            wake.clear()
    finally:
        watcher.close()
