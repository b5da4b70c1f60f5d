"""A file that is locked, and removed by who holds it. Whoever opened it before that finds another file under its name."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def try_to_lock(lock: Path) -> int | None:
    """Makes the file where it is missing, and returns it opened once it is locked and has the name still. None: not now.

    Raises:
        OSError: it cannot be made.
    """
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(handle), os.stat(lock)):
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(handle)
    return None
