"""Copies of disks that are sent and then gone: nothing names their file, so nothing of it stays, however its process ends."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..storage.paths import file_errors
from ..survey.scratch import scratch_folder, sweep

ROOM = "exports"  # in the state folder
FRESH = 0.2  # seconds; see scratch.sweep
CHUNK = 2**20  # bytes


@dataclass(frozen=True, slots=True)
class DiskCopy:
    """A copy. ``sha256`` is of all of it, in hex."""

    file: BinaryIO
    size: int
    sha256: str


def copy_to_send(state: Path, make: Callable[[Path], None], look: Callable[[], None]) -> DiskCopy:
    """Returns the file that ``make`` writes to the path that it is given. ``look`` is called while the copy is read, and ends
    it by raising.

    Raises:
        DriverError: there is no copy.
    """
    room = exports_of(state)
    with file_errors(room, f"make a copy of a disk in {room}"):
        room.mkdir(mode=0o700, exist_ok=True)
        with scratch_folder("export", room, FRESH) as folder:
            path = folder / "made" / "copy.qcow2"  # its maker locks the folder that it writes to, and this one is locked
            path.parent.mkdir()
            make(path)
            file = path.open("rb", buffering=0)
        try:
            return _hashed(file, look)
        except BaseException:
            file.close()
            raise


def exports_of(state: Path) -> Path:
    return state / ROOM


def sweep_exports(state: Path) -> None:
    """Removes copies whose makers were killed while they made them."""
    sweep(room=exports_of(state), fresh=FRESH)


def _hashed(file: BinaryIO, look: Callable[[], None]) -> DiskCopy:
    found, buffer, size = hashlib.sha256(), bytearray(CHUNK), 0
    view = memoryview(buffer)
    while count := file.readinto(buffer):  # type: ignore[attr-defined]
        look()
        found.update(view[:count])
        size += count
    return DiskCopy(file, size, found.hexdigest())
