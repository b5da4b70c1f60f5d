"""Follows the changes of the index. Other processes write to it too, and send no notice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from homeostat.models.base import Key
from homeostat.runtime.engine.clock import next_moment

from .index import Index

INDEX_INTERVAL = 0.125
"""Seconds between two queries of the index. No file event tells of a write. All that follow an index query it at the same
moments, and the own clocks tick at every second of these."""


async def follow_index(
    index: Index, wake: asyncio.Event | None = None, interval: float = INDEX_INTERVAL, *, statuses: bool = False
) -> AsyncIterator[Key]:
    """Yields every key once, then each whose metadata or spec changed, whoever wrote it. With ``statuses`` also those whose
    status changed."""
    wake = wake or asyncio.Event()
    watcher = index.connect()  # this connection never writes, so its data_version shows the writes of all others
    cursor, seen, generation = 0, -1, index.generation
    try:
        while True:
            if index.check_file() != generation:  # another file took its place: its content may differ from what we yielded
                watcher.close()
                watcher, cursor, seen, generation = index.connect(), 0, -1, index.generation
            now = int(watcher.execute("PRAGMA data_version").fetchone()[0])
            if now != seen:
                seen = now
                newest = index.version()  # read before the changes: a write from here on must not be missed
                keys, following = index.changed_since(cursor, statuses)
                cursor = max(following, newest) if cursor == 0 else following
                for key in keys:
                    yield key
                continue
            timer = asyncio.get_running_loop().call_at(next_moment(interval), wake.set)
            try:
                await wake.wait()
            finally:
                timer.cancel()
            wake.clear()
    finally:
        watcher.close()
