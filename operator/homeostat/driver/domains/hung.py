"""QEMUs that do not answer: stopped by a signal, or waiting for storage that is gone. A call to one lasts until it answers or
ends, and keeps a lock of libvirt's on its domain. Only its power can be cut meanwhile, which waits for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from ..errors import NotAnswering

ANSWER = 25.0
"""Seconds. Fewer than the 30 for which libvirt waits for its lock on a domain, so that each call fails in our words; more than a
libvirtd that hangs is given (``connection.py``): by then that is known, and its QEMUs are not blamed."""

T = TypeVar("T")


class Hung:
    """Remembers the calls that have lasted too long. ``answered_late`` is called with the uuid when one ends after all."""

    def __init__(self, answered_late: Callable[[str], None]) -> None:
        self._calls: dict[str, asyncio.Future[Any]] = {}
        self._answered_late = answered_late

    def check(self, uuid: str) -> None:
        """Checks that no call to this QEMU still lasts. Raises NotAnswering."""
        if uuid in self._calls:
            raise NotAnswering(
                f"QEMU has not answered for more than {ANSWER:.0f} s: it is stopped, or waits for storage. Look at its process "
                "and its storage, or cut its power (`homeostat stop --force`)"
            )

    async def answered(self, uuid: str, job: Coroutine[Any, Any, T], within: float = ANSWER) -> T:
        """Does a job that calls a QEMU, and returns its result. The job goes on where that takes longer than ``within`` seconds.

        Raises:
            NotAnswering: it takes too long, or an earlier one still does.
            DriverError: what the job raises.
        """
        if uuid in self._calls:
            job.close()
            self.check(uuid)
        call = asyncio.ensure_future(job)
        try:
            done, _ = await asyncio.wait({call}, timeout=within)
        except asyncio.CancelledError:
            call.cancel()
            raise
        if not done:
            self._calls[uuid] = call
            call.add_done_callback(partial(self._ended, uuid))
            self.check(uuid)
        return call.result()

    def _ended(self, uuid: str, call: asyncio.Future[Any]) -> None:
        del self._calls[uuid]
        if not call.cancelled():
            call.exception()  # whether it was done after all is read
            self._answered_late(uuid)
