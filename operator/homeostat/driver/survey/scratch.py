"""Folders that last as long as one command. A command that is killed leaves one behind; the next that makes one removes it."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PREFIX = "homeostat-scratch-"
"""No other program uses this prefix, so a folder that has it and no maker may go."""
FRESH = 60.0  # seconds; a folder this young may not have been locked yet


@contextlib.contextmanager
def scratch_folder(purpose: str, room: Path | None = None, fresh: float = FRESH) -> Iterator[Path]:
    """Makes ``homeostat-scratch-<purpose>-…`` in ``room``, for its maker only. It is locked while its maker lives. ``room``:
    None: among the temporary files."""
    sweep(room=room, fresh=fresh)
    prefix = f"{PREFIX}{purpose}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=room, ignore_cleanup_errors=True) as name, _locked(name):
        yield Path(name)


@cache
def process_folder(purpose: str) -> Path:
    """Makes a folder that lasts as long as this process."""
    held = contextlib.ExitStack()
    atexit.register(held.close)
    return held.enter_context(scratch_folder(purpose))


def sweep(now: float | None = None, room: Path | None = None, fresh: float = FRESH) -> None:
    """Removes our own folders whose makers have ended. ``fresh``: seconds for which a folder may not be locked yet."""
    now = time.time() if now is None else now
    for folder in (room or Path(tempfile.gettempdir())).glob(f"{PREFIX}*-*"):
        with contextlib.suppress(OSError):  # somebody else's, or gone by now
            found = folder.lstat()
            if found.st_uid == os.geteuid() and not folder.is_symlink() and now - found.st_ctime > fresh:
                with _locked(folder):
                    shutil.rmtree(folder)


@contextlib.contextmanager
def _locked(folder: str | Path) -> Iterator[None]:
    """Locks the folder. Raises OSError: somebody else has the lock, or it is no folder."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)
