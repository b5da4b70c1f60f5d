"""What stays open ends when whoever asked for it would no longer be admitted as the one he was: he signed out, was banned, has
other rights by now. A client that still may connects again, and goes on with what it may see now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

LOOK = 0.5  # seconds between two looks


class WhileAdmitted:
    """The body of an answer, as long as ``still`` says so."""

    def __init__(self, stream: Any, still: Callable[[], Awaitable[bool]]) -> None:
        self._stream = stream
        self._parts = aiter(stream)
        self._still = still
        self._next: asyncio.Future[bytes] | None = None
        self._looked = asyncio.get_running_loop().time()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while True:
            if self._next is None:
                self._next = asyncio.ensure_future(anext(self._parts))
            await asyncio.wait((self._next,), timeout=self._left())
            if self._left() <= 0 and not await self._look():
                await self.close()
                raise StopAsyncIteration
            if self._next.done():
                done, self._next = self._next, None
                return done.result()

    def _left(self) -> float:
        return max(self._looked + LOOK - asyncio.get_running_loop().time(), 0.0)

    async def _look(self) -> bool:
        self._looked = asyncio.get_running_loop().time()
        return await self._still()

    async def close(self) -> None:
        """Ends the stream."""
        if self._next is not None:
            self._next.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await self._next
            self._next = None
        for name in ("aclose", "close"):
            if (end := getattr(self._stream, name, None)) is not None:
                await end()
                return
