"""What became of fetches that failed, and when another attempt may help."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from homeostat.driver.errors import DriverError
from homeostat.planner.actions import ImageRef

from ..stat_cache import Signature
from .source import is_remote, local_file
from .verified import signature_of

RETRY_FIRST, RETRY_MOST = 1.0, 60.0  # seconds between attempts, doubling
PERMANENT_FOR = 600.0  # seconds until a refused source is asked again: somebody may have put the file there
LOOK_EVERY = 5.0  # seconds between two looks at a local file that failed: whoever puts another one there waits for it


@dataclass(frozen=True, slots=True)
class Failure:
    """``source``: what the local file was when its fetch began; None: it was not there, or is no local one. ``changed``: disks
    are built on other contents."""

    error: str
    permanent: bool
    until: float  # on the clock
    tries: int
    source: Signature | None
    changed: bool = False


class Failures:
    """The failures by the key of their image. All methods belong to one event loop. ``changed(key)`` is called there when another
    attempt may help."""

    def __init__(self, changed: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._changed = changed
        self._clock = clock
        self._known: dict[str, Failure] = {}
        self._resting: dict[str, asyncio.Task[None]] = {}

    def get(self, key: str) -> Failure | None:
        return self._known.get(key)

    def lasts(self, key: str) -> bool:
        """Returns whether another attempt cannot help yet."""
        failure = self._known.get(key)
        return failure is not None and failure.until > self._clock()

    def add(self, ref: ImageRef, error: str, permanent: bool, source: Signature | None, *, changed: bool = False) -> None:
        before = self._known.get(ref.key)
        tries = before.tries + 1 if before else 1
        wait = PERMANENT_FOR if permanent else min(RETRY_MOST, RETRY_FIRST * 2 ** min(tries - 1, 10))
        failure = self._known[ref.key] = Failure(error, permanent, self._clock() + wait, tries, source, changed)
        self._rest_no_more(ref.key)
        resting = self._rest(ref, failure, wait)
        self._resting[ref.key] = asyncio.get_running_loop().create_task(resting, name=f"rest of {ref.key}")

    def remove(self, key: str) -> None:
        self._known.pop(key, None)
        self._rest_no_more(key)

    def prune(self) -> None:
        """Forgets what nobody has tried again for long."""
        for key in [key for key, failure in self._known.items() if failure.until + PERMANENT_FOR < self._clock()]:
            self.remove(key)

    async def close(self) -> None:
        resting = list(self._resting.values())
        for task in resting:
            task.cancel()
        await asyncio.gather(*resting, return_exceptions=True)

    def _rest_no_more(self, key: str) -> None:
        if (task := self._resting.pop(key, None)) is not None:
            task.cancel()

    async def _rest(self, ref: ImageRef, failure: Failure, wait: float) -> None:
        """Waits for ``wait`` seconds, or until the local file is another one, and at rest: half a copy would fail again."""
        loop = asyncio.get_running_loop()
        end, last = loop.time() + wait, failure.source
        while (left := end - loop.time()) > 0:
            await asyncio.sleep(left if is_remote(ref.url) else min(left, LOOK_EVERY))
            now = await source_of(ref)
            if now == last != failure.source:
                self._known[ref.key] = replace(failure, until=self._clock())
                break
            last = now
        del self._resting[ref.key]
        self._changed(ref.key)


async def source_of(ref: ImageRef) -> Signature | None:
    """Returns what a local file is now; None: it is not there, or ``ref`` names no local one."""
    if is_remote(ref.url):
        return None
    try:
        return await asyncio.to_thread(lambda: signature_of(local_file(ref, None)))
    except (DriverError, OSError):
        return None
