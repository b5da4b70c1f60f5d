"""What a copy of a disk leaves in a folder where its maker is killed. QEMU writes it, and goes on writing after that.

Whoever makes a copy holds the lock of the folder, shared with others that make copies there. So who gets it alone knows that
what is there is of nobody any more. The lock goes with its holder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from ..paths import Rooms, file_errors

STAGED = ".export"  # the suffix of what QEMU writes


@contextlib.contextmanager
def making(folder: Path, left: str) -> Iterator[None]:
    """Holds the lock of a folder while a copy is made there. Where nobody else holds it, files by the pattern ``left`` go first.

    Raises:
        OSError: there is no such folder, or it cannot be changed.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _sweep(handle, folder, left)
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


def sweep_exports(rooms: Rooms) -> list[str]:
    """Removes what killed copies left beside the disks, and returns that. Never follows a link.

    Raises:
        DriverError: a folder cannot be read or changed.
    """
    removed: list[str] = []
    for room in (rooms.machines, rooms.disks):
        with file_errors(room, f"look through {room} for copies that were not finished"):
            for folder in {path.parent for path in room.glob(f"*/*/*{STAGED}")}:
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):  # it was set aside meanwhile, or is a link
                    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
                    try:
                        removed += _sweep(handle, folder, f"*{STAGED}")
                    finally:
                        os.close(handle)
    return removed


def _sweep(handle: int, folder: Path, left: str) -> list[str]:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return []
    found = sorted(folder.glob(left))
    for path in found:
        path.unlink(missing_ok=True)
    return [str(path) for path in found]
