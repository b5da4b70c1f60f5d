"""Follows the folder (by inotify, or by reading it at intervals where that fails) and the index, which other processes write
to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from errno import EMFILE, ENFILE, ENOSPC

from asyncinotify import Mask

from homeostat.models.base import Key
from homeostat.runtime.engine.clock import next_moment
from homeostat.runtime.engine.supervise import TAKING_IN, Supervisor, innermost

from ..index.follow import INDEX_INTERVAL, follow_index
from .inotify import CONTENT, FolderEvents
from .passes.intake import Intake
from .reading.folder import Listing, signature, taken

STEP = 0.03
"""Seconds without a further change that end a burst (git checkout, an editor's rename)."""
DEBOUNCE = 0.05
"""Seconds after which the folder is read even while a burst goes on."""
POLL_SECONDS = 0.5
"""Seconds between checks of what inotify does not show: the folder swapped for another, files behind links."""
RESCAN = 30.0
"""Seconds between passes without an event: network file systems send none."""
INTERVAL = 1.0
"""Seconds between passes while watching fails."""
RETRY = 5.0
"""Seconds between tries to watch again, where each fails at once, and between passes while passes fail."""
STEADY = 5.0
"""Seconds after which watching counts as working again."""
LIMITS = (EMFILE, ENFILE, ENOSPC)
"""Errors of inotify when its watches or instances are used up."""
WATCHING = "follow-folder"
"""Its failures are reported under this name."""


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
        self._stirred = asyncio.Event()
        self._changes = 0  # events of the folder that were not taken in yet

    async def take_in(self) -> None:
        """Makes a pass. Whatever makes one fail (no space, a document that nobody foresaw), the next change or rescan tries
        again."""
        try:
            await self._take_in()
        except Exception as error:
            self._supervisor.failed(TAKING_IN, error)
            return
        self._supervisor.recovered(TAKING_IN)
        self.wake.set()  # also where there was nothing to do: another process may have written both the file and the index

    async def keep_watching(self) -> None:
        """Watches, and reads at intervals where that fails, as when no inotify watches are left. Reports that once."""
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
        """Watches until the folder is another one."""
        begun = time.monotonic()
        root = self._root
        identity = _identity(root)
        behind = _behind_links(self._intake.listing)
        events = FolderEvents(self._noticed)
        try:
            events.watch(root, self._intake.listing.folders)
            due = True  # something may have changed before the watch began
            last = begun
            while True:
                swapped = _identity(root) != identity
                now = _behind_links(self._intake.listing)
                if due or swapped or now != behind:
                    await self.take_in()
                    now, last = _behind_links(self._intake.listing), time.monotonic()
                behind = now
                if time.monotonic() - begun > STEADY:
                    self._supervisor.recovered(WATCHING)
                if swapped:
                    return
                if due := events.watch(root, self._intake.listing.folders):
                    continue  # what is in a new folder may have changed before that was watched
                changed = await self._next_burst()
                patience = RETRY if self._supervisor.fails(TAKING_IN) else RESCAN
                due = changed or self._intake.restless or time.monotonic() - last > patience
        finally:
            events.close()

    def _noticed(self, name: str, happened: Mask) -> None:
        if _interesting(name, happened):
            self._changes += 1
            self._stirred.set()

    async def _next_burst(self) -> bool:
        """Waits until a burst of changes is over. Returns False where none came for POLL_SECONDS."""
        loop = asyncio.get_running_loop()
        timer = loop.call_at(next_moment(POLL_SECONDS), self._stirred.set)
        try:
            await self._stirred.wait()
        finally:
            timer.cancel()
        begun, seen = loop.time(), 0
        while self._changes != seen and loop.time() - begun < DEBOUNCE:
            seen = self._changes
            await asyncio.sleep(STEP)
        changed, self._changes = self._changes > 0, 0
        self._stirred.clear()
        return changed


class Unwatched(OSError):
    """The folder cannot be watched, so it is read at intervals."""

    def __init__(self, folder: str, error: Exception) -> None:
        limited = " (raise fs.inotify.max_user_watches)" if getattr(error, "errno", None) in LIMITS else ""
        super().__init__(f"the folder {folder} is looked at every {INTERVAL:g} s, since watching it failed: {error}{limited}")


def _identity(root: str) -> tuple[int, int] | None:
    try:
        known = os.stat(root)
    except OSError:
        return None
    return known.st_dev, known.st_ino


def _behind_links(listing: Listing) -> dict[str, str]:
    """Returns the stat of the files outside the folder that links lead to. No watch covers them."""
    found = {}
    for file in listing.files:
        if file.outside:
            with contextlib.suppress(OSError):
                found[file.real] = signature(os.stat(file.real))
    return found


def _interesting(name: str, happened: Mask) -> bool:
    """Tells whether a change matters: documents do, and so does whatever appears or goes, since it may be a folder or a link.
    Kubernetes swaps the link ``..data``."""
    if name.startswith(".") and not name.startswith(".."):
        return False
    return taken(name) or (not happened & CONTENT and not name.endswith("~"))
