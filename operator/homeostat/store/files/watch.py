"""Follows the folder (inotify, or polling where that is used up) and the index (other processes write into it too)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from watchfiles import Change, awatch

from homeostat.models.base import Key
from homeostat.store.errors import StoreError

from ..index.follow import INDEX_INTERVAL, follow_index
from .folder import SUFFIXES, signature

if TYPE_CHECKING:
    from .store import FilesStore

log = logging.getLogger(__name__)

STEP = 30
"""Milliseconds without a further change that end a burst (git checkout, an editor's rename)."""
DEBOUNCE = 50
"""Milliseconds a burst may last at the most before it is looked at."""
LOOK = 500
"""Milliseconds between looks at what inotify does not show: the folder swapped for another, files behind links."""
SETTLE = 0.4
"""Seconds for which a document must be missing before its resource is deleted: somebody may be in the middle of writing a
large file or of a checkout."""
RESCAN = 30.0
"""Seconds between passes that nothing asked for: network file systems tell nobody of their changes."""


async def follow(store: FilesStore) -> AsyncIterator[Key]:
    """Keeps the index at what the folder says, and yields what changed."""
    wake = asyncio.Event()
    await _pass(store, wake)
    task = asyncio.create_task(_follow_folder(store, wake), name="follow-folder")
    try:
        async for key in follow_index(store.index, wake, 2 * INDEX_INTERVAL):
            yield key
            if task.done():
                task.result()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _pass(store: FilesStore, wake: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    try:
        await loop.run_in_executor(store.worker, store.sync, SETTLE)
    except StoreError as error:  # no space, say: the next change or the next rescan tries again
        log.error("the folder could not be taken in: %s", error)
        return
    wake.set()  # also when there was nothing to do: then another process wrote both the file and the index


async def _follow_folder(store: FilesStore, wake: asyncio.Event) -> None:
    polling = False
    while True:
        try:
            await _watch_once(store, wake, polling)
        except FileNotFoundError:
            await asyncio.sleep(LOOK / 1000)
            if _identity(str(store.folder)):
                await _pass(store, wake)
        except (OSError, RuntimeError) as error:
            if polling:
                log.error("the folder %s cannot be watched: %s", store.folder, error)
                await asyncio.sleep(LOOK / 1000)
                await _pass(store, wake)
            else:
                log.warning(
                    "the folder %s is polled, since it cannot be watched: %s (raise fs.inotify.max_user_watches)",
                    store.folder, error,
                )  # fmt: skip
            polling = True


async def _watch_once(store: FilesStore, wake: asyncio.Event, polling: bool) -> None:
    """Until the folder is another one."""
    root = str(store.folder)
    identity = _identity(root)
    behind = _behind_links(store)
    last = time.monotonic()
    watch = awatch(
        root, watch_filter=lambda change, path: _interesting(root, change, path), debounce=DEBOUNCE, step=STEP,
        rust_timeout=LOOK, yield_on_timeout=True, force_polling=polling, ignore_permission_denied=True,
    )  # fmt: skip
    first = True
    async with contextlib.aclosing(watch):
        async for changes in watch:
            swapped = _identity(root) != identity
            now = _behind_links(store)
            # The first look is due anyway: something may have changed before the watch stood.
            due = store.missing or time.monotonic() - last > RESCAN
            if changes or swapped or first or due or now != behind:
                await _pass(store, wake)
                now, last = _behind_links(store), time.monotonic()
            behind, first = now, False
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
