"""Waits until the index changes: one poller serves all who wait, and none runs while nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Changes:
    """Waits for changes of the index. ``version()`` is cheap, and differs after every commit to the index by any process."""

    def __init__(self, version: Callable[[], int], stopping: Callable[[], bool], period: float) -> None:
        self._version = version
        self._stopping = stopping
        self._period = period
        self._waiting = 0
        self._wake = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None

    @property
    def stopping(self) -> bool:
        return self._stopping()

    def version(self) -> int:
        return self._version()

    async def wait(self, seen: int, seconds: float) -> int:
        """Returns the version as soon as it is not ``seen`` any more, after ``seconds``, or when the server stops."""
        if (now := self._version()) != seen or self.stopping:
            return now
        self._waiting += 1
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll(seen))
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting -= 1
        return self._version()

    async def _poll(self, seen: int) -> None:
        while self._waiting:
            await asyncio.sleep(self._period)
            try:
                now = self._version()
            except Exception:  # each of those who wait gets the same error, and answers it
                now = -1
            if now != seen or self.stopping:
                seen = now
                woken, self._wake = self._wake, asyncio.Event()
                woken.set()
                # Let the woken ones run first. They may wait again, and then the poller goes on.
                await asyncio.sleep(0)
