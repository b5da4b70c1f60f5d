"""What stays open ends when whoever asked for it would no longer be admitted as the one he was: he signed out, was banned, has
other rights by now. A client that still may connects again, and goes on with what it may see now. What is being sent to us is cut
alike, and a body that took its time counts only if whoever sent it may still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import falcon.asgi

from .errors import Problem

LOOK = 0.5  # seconds between two looks
UNAUTHORIZED = {"WWW-Authenticate": 'Bearer realm="homeostat"'}


def remember_admission(req: falcon.asgi.Request, still: Callable[[], Awaitable[bool]]) -> None:
    """Notes that whoever asks was admitted just now. ``still``: tells whether he would be admitted again as the one he was."""
    req.context.still = still
    req.context.admitted_at = asyncio.get_running_loop().time()


async def check_admitted(req: falcon.asgi.Request) -> None:
    """Checks whoever asks once his body is there: it may have come bit by bit, and what took his rights away came before it.

    Raises:
        Problem: 401, he would be admitted no more as the one he was.
    """
    still: Callable[[], Awaitable[bool]] | None = getattr(req.context, "still", None)
    if still is None or asyncio.get_running_loop().time() - req.context.admitted_at < LOOK or await still():
        return
    said = "Nothing was done: you are signed out, or have other rights by now. Sign in, and ask again"
    raise Problem(401, "unauthorized", said, headers=UNAUTHORIZED)


@asynccontextmanager
async def while_admitted(req: falcon.asgi.Request) -> AsyncIterator[None]:
    """Cancels what is done within it when whoever asks would be admitted no more: as if his connection had been cut.

    Raises:
        Problem: 401, that is so.
    """
    still: Callable[[], Awaitable[bool]] | None = getattr(req.context, "still", None)
    work = asyncio.current_task()
    if still is None or work is None:
        yield
        return
    watching = asyncio.create_task(_cancel_when_not(still, work))
    try:
        yield
    except asyncio.CancelledError:
        if not watching.done() or work.uncancel():
            raise
        said = "What you sent was cut: you are signed out, or have other rights by now. Sign in, and go on where it was"
        raise Problem(401, "unauthorized", said, headers=UNAUTHORIZED) from None
    finally:
        watching.cancel()


async def _cancel_when_not(still: Callable[[], Awaitable[bool]], work: asyncio.Task[Any]) -> None:
    looked = True
    while looked:
        await asyncio.sleep(LOOK)
        looked = await still()
    work.cancel()


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
