"""Follows the folder (inotify, or looks at intervals where that fails) and the index (other processes write into it too)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from errno import EMFILE, ENFILE, ENOSPC
from pathlib import Path
from typing import TYPE_CHECKING

from watchfiles import Change, awatch

from homeostat.models.base import Key
from homeostat.runtime.engine.supervise import TAKING_IN, innermost

from ..index.follow import INDEX_INTERVAL, follow_index
from .reading.folder import SUFFIXES, signature

if TYPE_CHECKING:
    from .store import FilesStore

STEP = 30
"""Milliseconds without a further change that end a burst (git checkout, an editor's rename)."""
DEBOUNCE = 50
"""Milliseconds a burst may last at the most before it is looked at."""
LOOK = 500
"""Milliseconds between looks at what inotify does not show: the folder swapped for another, files behind links."""
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


async def follow(store: FilesStore) -> AsyncIterator[Key]:
    """Keeps the index at what the folder says, and yields what changed."""
    wake = asyncio.Event()
    await _pass(store, wake)
    task = asyncio.create_task(store.supervisor.keep(WATCHING, lambda: _follow_folder(store, wake)), name=WATCHING)
    try:
        async for key in follow_index(store.index, wake, 2 * INDEX_INTERVAL):
            yield key
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _pass(store: FilesStore, wake: asyncio.Event) -> None:
    """Whatever a pass dies of (no space, a document that nobody foresaw), the next change or the next rescan tries again."""
    loop = asyncio.get_running_loop()
    try:
        await loop.run_in_executor(store.worker, store.sync, store.settle)
    except Exception as error:
        store.supervisor.failed(TAKING_IN, error)
        return
    store.supervisor.recovered(TAKING_IN)
    wake.set()  # also when there was nothing to do: then another process wrote both the file and the index


async def _follow_folder(store: FilesStore, wake: asyncio.Event) -> None:
    """Watches, and looks at intervals where that fails: names that are not UTF-8, no inotify watches left. Says so once."""
    loop, pause = asyncio.get_running_loop(), INTERVAL
    while True:
        began = loop.time()
        try:
            await _watch_once(store, wake)
            continue
        except FileNotFoundError:
            await asyncio.sleep(LOOK / 1000)
            if _identity(str(store.folder)):
                await _pass(store, wake)
            continue
        except Exception as error:
            store.supervisor.failed(WATCHING, Unwatched(store.folder, innermost(error)))
        pause = INTERVAL if loop.time() - began > STEADY else min(2 * pause, RETRY)
        until = loop.time() + pause
        while loop.time() < until:
            await _pass(store, wake)
            await asyncio.sleep(INTERVAL)


class Unwatched(OSError):
    def __init__(self, folder: Path, error: Exception) -> None:
        limited = " (raise fs.inotify.max_user_watches)" if getattr(error, "errno", None) in LIMITS else ""
        super().__init__(f"the folder {folder} is looked at every {INTERVAL:g} s, since watching it failed: {error}{limited}")


async def _watch_once(store: FilesStore, wake: asyncio.Event) -> None:
    """Until the folder is another one."""
    begun = time.monotonic()
    root = str(store.folder)
    identity = _identity(root)
    behind = _behind_links(store)
    last = time.monotonic()
    watch = awatch(
        root, watch_filter=lambda change, path: _interesting(root, change, path), debounce=DEBOUNCE, step=STEP,
        rust_timeout=LOOK, yield_on_timeout=True, ignore_permission_denied=True,
    )  # fmt: skip
    first = True
    async with contextlib.aclosing(watch):
        async for changes in watch:
            swapped = _identity(root) != identity
            now = _behind_links(store)
            # The first look is due anyway: something may have changed before the watch stood.
            due = store.restless or time.monotonic() - last > (RETRY if store.supervisor.fails(TAKING_IN) else RESCAN)
            if changes or swapped or first or due or now != behind:
                await _pass(store, wake)
                now, last = _behind_links(store), time.monotonic()
            behind, first = now, False
            if time.monotonic() - begun > STEADY:
                store.supervisor.recovered(WATCHING)
            if swapped:
                return


def _identity(root: str) -> tuple[int, int] | None:
    try:
        known = os.stat(root)
    except OSError:
        return None
    return known.st_dev, known.st_ino


def _behind_links(store: FilesStore) -> dict[str, str]:
    """Stat of the files that links lead to outside the folder, where no watch stands."""
    found = {}
    for file in store.listing.files:
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
