"""Follows the folder (inotify, or looks at intervals where that fails) and the index (other processes write into it too)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from errno import EMFILE, ENFILE, ENOSPC

from watchfiles import Change, awatch

from homeostat.models.base import Key
from homeostat.runtime.engine.supervise import TAKING_IN, Supervisor, innermost

from ..index.follow import INDEX_INTERVAL, follow_index
from .passes.intake import Intake
from .reading.folder import SUFFIXES, Listing, signature

STEP = 0.03
"""Seconds without a further change that end a burst (git checkout, an editor's rename)."""
DEBOUNCE = 0.05
"""Seconds a burst may last at the most before it is looked at."""
POLL_SECONDS = 0.5
"""Between checks of what inotify does not show: the folder swapped for another, files behind links."""
RESCAN = 30.0
"""Seconds between passes that nothing asked for: network file systems tell nobody of their changes."""
INTERVAL = 1.0
"""Seconds between passes while watching fails."""
RETRY = 5.0
"""Seconds between tries to watch again, where it fails at once each time, and between passes while they fail."""
STEADY = 5.0
"""Seconds after which watching counts as mended."""
LIMITS = (EMFILE, ENFILE, ENOSPC)
"""What inotify says when its watches or instances are used up."""
WATCHING = "follow-folder"
"""Under this name its failures are told."""


async def follow(intake: Intake, take_in: Callable[[], Awaitable[None]], supervisor: Supervisor) -> AsyncIterator[Key]:
    """Keeps the index at what the folder says, and yields what changed. ``take_in`` makes a pass."""
    watch = _Watch(intake, take_in, supervisor)
    await watch.take_in()
    task = asyncio.create_task(supervisor.keep(WATCHING, watch.keep_watching), name=WATCHING)
    try:
        async for key in follow_index(intake.index, watch.wake, 2 * INDEX_INTERVAL):
            yield key
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class _Watch:
    def __init__(self, intake: Intake, take_in: Callable[[], Awaitable[None]], supervisor: Supervisor) -> None:
        self._intake = intake
        self._take_in = take_in
        self._supervisor = supervisor
        self._root = str(intake.folder)
        self.wake = asyncio.Event()  # the index may have changed

    async def take_in(self) -> None:
        """Whatever a pass dies of (no space, a document that nobody foresaw), the next change or the next rescan tries again."""
        try:
            await self._take_in()
        except Exception as error:
            self._supervisor.failed(TAKING_IN, error)
            return
        self._supervisor.recovered(TAKING_IN)
        self.wake.set()  # also when there was nothing to do: then another process wrote both the file and the index

    async def keep_watching(self) -> None:
        """Watches, and looks at intervals where that fails: names that are not UTF-8, no inotify watches left. Says so once."""
        loop, pause = asyncio.get_running_loop(), INTERVAL
        while True:
            began = loop.time()
            try:
                await self._watch_once()
                continue
            except FileNotFoundError:
                await asyncio.sleep(POLL_SECONDS)
                if _identity(self._root):
                    await self.take_in()
                continue
            except Exception as error:
                self._supervisor.failed(WATCHING, Unwatched(self._root, innermost(error)))
            pause = INTERVAL if loop.time() - began > STEADY else min(2 * pause, RETRY)
            until = loop.time() + pause
            while loop.time() < until:
                await self.take_in()
                await asyncio.sleep(INTERVAL)

    async def _watch_once(self) -> None:
        """Until the folder is another one."""
        begun = time.monotonic()
        root = self._root
        identity = _identity(root)
        behind = _behind_links(self._intake.listing)
        last = time.monotonic()
        watch = awatch(
            root, watch_filter=lambda change, path: _interesting(root, change, path), debounce=_milliseconds(DEBOUNCE),
            step=_milliseconds(STEP), rust_timeout=_milliseconds(POLL_SECONDS), yield_on_timeout=True,
            ignore_permission_denied=True,
        )  # fmt: skip
        first = True
        async with contextlib.aclosing(watch):
            async for changes in watch:
                swapped = _identity(root) != identity
                now = _behind_links(self._intake.listing)
                # The first look is due anyway: something may have changed before the watch stood.
                patience = RETRY if self._supervisor.fails(TAKING_IN) else RESCAN
                due = self._intake.restless or time.monotonic() - last > patience
                if changes or swapped or first or due or now != behind:
                    await self.take_in()
                    now, last = _behind_links(self._intake.listing), time.monotonic()
                behind, first = now, False
                if time.monotonic() - begun > STEADY:
                    self._supervisor.recovered(WATCHING)
                if swapped:
                    return


class Unwatched(OSError):
    def __init__(self, folder: str, error: Exception) -> None:
        limited = " (raise fs.inotify.max_user_watches)" if getattr(error, "errno", None) in LIMITS else ""
        super().__init__(f"the folder {folder} is looked at every {INTERVAL:g} s, since watching it failed: {error}{limited}")


def _milliseconds(seconds: float) -> int:
    return round(1000 * seconds)


def _identity(root: str) -> tuple[int, int] | None:
    try:
        known = os.stat(root)
    except OSError:
        return None
    return known.st_dev, known.st_ino


def _behind_links(listing: Listing) -> dict[str, str]:
    """Stat of the files that links lead to outside the folder, where no watch stands."""
    found = {}
    for file in listing.files:
        if file.outside:
            with contextlib.suppress(OSError):
                found[file.real] = signature(os.stat(file.real))
    return found


def _interesting(root: str, change: Change, path: str) -> bool:
    """Documents; and whatever appears or goes, since it may be a folder or a link. Kubernetes swaps the link ``..data``."""
    parts = path[len(root) :].strip("/").split("/")
    if any(part.startswith(".") and not part.startswith("..") for part in parts):
        return False
    return path.endswith(SUFFIXES) or (change != Change.modified and not path.endswith("~"))
