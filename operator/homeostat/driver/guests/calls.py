"""Calls of libvirt that wait for one guest's QEMU. One that hangs answers none of them, for as long as it hangs: so they have
threads of their own, few for each guest, and nobody waits longer than ``WITHIN``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar
from weakref import WeakValueDictionary

from ..errors import DriverError

T = TypeVar("T")

WITHIN = 10.0  # seconds for one call, which takes 1 to 100 ms
AT_ONCE = 4  # of one guest; the others wait
THREADS = 32


class GuestHangs(DriverError):
    """A guest's QEMU answers nothing, or libvirtd does not, or those who asked before wait for that. From here it looks alike."""


class GuestCalls:
    """All such calls of a process."""

    def __init__(self, within: float = WITHIN) -> None:
        self._within = within
        self._threads = ThreadPoolExecutor(THREADS, "guest-calls")
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()  # by uuid

    async def call(self, uuid: str, work: Callable[[], T], drop: Callable[[T], object] = lambda _: None) -> T:
        """Returns what ``work`` does, which asks the domain of that uuid. ``drop``: lets go of what it returns after all, when
        nobody waits for it any more.

        Raises:
            GuestHangs: it takes too long, also because others wait for that domain.
        """
        turn = self._turns.get(uuid)
        if turn is None:
            turn = self._turns[uuid] = asyncio.Semaphore(AT_ONCE)
        try:
            async with asyncio.timeout(self._within):
                await turn.acquire()
                answer = asyncio.get_running_loop().run_in_executor(self._threads, work)
                answer.add_done_callback(lambda _: turn.release())  # also where nobody waits for it any more
                try:
                    return await asyncio.shield(answer)
                finally:
                    if not answer.done():
                        answer.add_done_callback(partial(_dropped, drop))
        except TimeoutError as error:
            who = "its QEMU or libvirtd hangs, or is very busy (`homeostat doctor` asks libvirtd)"
            raise GuestHangs(f"nothing answers within {self._within:.0f} seconds: {who}") from error


def _dropped(drop: Callable[[T], object], late: asyncio.Future[T]) -> None:
    if not late.cancelled() and late.exception() is None:
        drop(late.result())
