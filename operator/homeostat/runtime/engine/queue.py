"""The work queue: every key at most once, one worker per key at a time, delays, and exponential backoff per key.

It follows the rules of client-go's workqueue: a key that is added while somebody works on it is worked on again afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import time
from typing import Generic, TypeVar

K = TypeVar("K")

BACKOFF_FIRST = 1.0  # seconds before the first retry of a key that failed
BACKOFF_LONGEST = 300.0


class WorkQueue(Generic[K]):
    """A queue for one event loop. All times are seconds on the monotonic clock."""

    def __init__(self) -> None:
        self._due: dict[K, float] = {}  # waiting keys, and when each is due
        self._heap: list[tuple[float, int, K]] = []  # may hold stale entries; _due decides
        self._order = itertools.count()
        self._active: set[K] = set()
        self._failures: dict[K, int] = {}
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        """Returns how many keys wait or are being worked on."""
        return len(self._due) + len(self._active)

    def depth(self) -> int:
        """Returns how many keys are due and not yet being worked on."""
        now = time.monotonic()
        return sum(1 for due in self._due.values() if due <= now)

    def add(self, key: K, after: float = 0.0) -> None:
        """Adds a key that is due in ``after`` seconds. An earlier time stays."""
        due = time.monotonic() + after
        if self._due.get(key, float("inf")) <= due:
            return
        self._due[key] = due
        heapq.heappush(self._heap, (due, next(self._order), key))
        self._changed.set()

    def retry(self, key: K) -> float:
        """Adds the key with its backoff, and returns that in seconds."""
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        delay = min(BACKOFF_FIRST * 2.0 ** min(failures - 1, 30), BACKOFF_LONGEST)
        self.add(key, delay)
        return delay

    def forgive(self, key: K) -> None:
        """Resets the backoff of a key that succeeded."""
        self._failures.pop(key, None)

    def idle(self, within: float = 0.0) -> bool:
        """Tells whether nothing is being worked on, and nothing is due within so many seconds."""
        horizon = time.monotonic() + within
        return not self._active and all(due > horizon for due in self._due.values())

    async def get(self) -> K:
        """Returns the next key that is due and that nobody works on. Call ``done`` for it afterwards."""
        while True:
            wait = self._next_wait()
            if wait is not None and wait <= 0:
                key = self._pop()
                if key is not None:
                    return key
                continue
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):  # wait_for (3.11) may swallow a cancellation
                    await self._changed.wait()

    def done(self, key: K) -> None:
        self._active.discard(key)
        if key in self._due:  # it was added meanwhile, and its heap entry may have been skipped
            heapq.heappush(self._heap, (self._due[key], next(self._order), key))
        self._changed.set()

    def _next_wait(self) -> float | None:
        while self._heap and self._is_stale(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] - time.monotonic() if self._heap else None

    def _is_stale(self, entry: tuple[float, int, K]) -> bool:
        due, _, key = entry
        return key in self._active or self._due.get(key) != due

    def _pop(self) -> K | None:
        entry = heapq.heappop(self._heap)
        if self._is_stale(entry):
            return None
        key = entry[2]
        del self._due[key]
        self._active.add(key)
        return key
