"""Taking turns at asking guests. Some never answer: these must not keep the others waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class Patience:
    """How long a guest may still take. ``left`` in seconds; only the time within ``running`` counts."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Counts the time inside.

        Raises:
            TimeoutError: it is over.
        """
        if self.left <= 0:
            raise TimeoutError
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(self.left):
                yield
        finally:
            self.left -= loop.time() - began


class GuestTurns:
    """Limits how many guests are asked ``at_once``; of those that did not answer last time, only ``silent_at_once``."""

    def __init__(self, at_once: int, silent_at_once: int) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._silent_slots = asyncio.Semaphore(silent_at_once)
        self._silent: set[str] = set()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def alone(self, guest: str) -> AsyncIterator[None]:
        """Lets one question at a time through to a guest: libvirt would make the second one wait, and us with it."""
        lock = self._locks.setdefault(guest, asyncio.Lock())
        async with lock:
            yield

    @asynccontextmanager
    async def slot(self, guest: str) -> AsyncIterator[None]:
        if guest not in self._silent:
            async with self._slots:
                yield
            return
        async with self._silent_slots, self._slots:
            yield

    def heard(self, guest: str, answered: bool) -> None:
        if answered:
            self._silent.discard(guest)
        else:
            self._silent.add(guest)
