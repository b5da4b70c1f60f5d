"""Calls of libvirt that wait for one guest's QEMU. One that hangs answers none of them, for as long as it hangs: so they have
threads of their own, few for each guest, and nobody waits longer than ``WITHIN``."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

from ..errors import DriverError

T = TypeVar("T")

WITHIN = 10.0  # seconds for one call, which takes 1 to 100 ms
AT_ONCE = 4  # of one guest
THREADS = 32


class GuestHangs(DriverError):
    """A guest's QEMU answers nothing, or as much waits for it as may."""


class GuestCalls:
    """All such calls of a process."""

    def __init__(self, within: float = WITHIN) -> None:
        self._within = within
        self._threads = ThreadPoolExecutor(THREADS, "guest-calls")
        self._under_way: Counter[str] = Counter()  # by uuid, also those that nobody waits for any more

    async def call(self, uuid: str, work: Callable[[], T], drop: Callable[[T], object] = lambda _: None) -> T:
        """Returns what ``work`` does, which asks the domain of that uuid. ``drop``: lets go of what it returns after all, when
        nobody waits for it any more.

        Raises:
            GuestHangs: it takes too long, or others have waited for that domain for long.
        """
        if self._under_way[uuid] >= AT_ONCE:
            raise GuestHangs(f"{AT_ONCE} calls wait for its QEMU, which hangs or is very busy: try again later")
        self._under_way[uuid] += 1
        loop = asyncio.get_running_loop()
        running = self._threads.submit(work)
        running.add_done_callback(partial(self._ended, loop, uuid))
        answer = asyncio.wrap_future(running)
        try:
            async with asyncio.timeout(self._within):
                return await asyncio.shield(answer)
        except TimeoutError as error:
            raise GuestHangs(f"its QEMU answers nothing within {self._within:.0f} seconds: it hangs, or is very busy") from error
        finally:
            if not answer.done():
                answer.add_done_callback(_seen)
                running.add_done_callback(partial(_dropped, drop))

    def _ended(self, loop: asyncio.AbstractEventLoop, uuid: str, _: Future[T]) -> None:
        with suppress(RuntimeError):  # the loop has ended, too
            loop.call_soon_threadsafe(self._is_over, uuid)

    def _is_over(self, uuid: str) -> None:
        self._under_way[uuid] -= 1
        if not self._under_way[uuid]:
            del self._under_way[uuid]


def _seen(answer: asyncio.Future[T]) -> None:
    """Takes note of an error that nobody waits for any more."""
    if not answer.cancelled():
        answer.exception()


def _dropped(drop: Callable[[T], object], late: Future[T]) -> None:
    if late.exception() is None:
        drop(late.result())
