"""Which images of the cache nobody needs any more."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from itertools import chain
from pathlib import Path

from homeostat.planner.files.disk_file import DISK_FILE, DISK_LABEL, read_disk_label
from homeostat.planner.machine.identity import DISK_SUFFIX

from ..disks.disks import read_disk
from ..paths import PARTIAL, Rooms, file_errors, read_whole

MIN_AGE = 600.0  # seconds; a plan made a moment ago may need a new image
ABANDONED = 86400.0  # seconds after which a partial download is not continued


def unreferenced(rooms: Rooms, used: Collection[Path], now: float | None = None) -> list[Path]:
    """Returns files of the cache that are not in ``used`` and back no disk, also no retained one.

    Raises:
        DriverError: a disk could not be read, so nothing is known to be unreferenced.
    """
    now = time.time() if now is None else now
    keep = {p.name for p in used} | backing_names(rooms)
    found = []
    with file_errors(rooms.images, "look through the image cache"):
        if not rooms.images.is_dir():
            return []
        for entry in os.scandir(rooms.images):
            name, _, rest = entry.name.partition(".img")
            if f"{name}.img" in keep or not entry.is_file(follow_symlinks=False):
                continue
            limit = ABANDONED if rest.startswith(PARTIAL) else MIN_AGE
            if now - entry.stat().st_ctime > limit:
                found.append(Path(entry.path))
    return found


def backing_names(rooms: Rooms) -> set[str]:
    """Returns the names of the cached images that disks are built on, those in the trash too."""
    names = set()
    everywhere = chain.from_iterable(os.walk(room, onerror=_stop) for room in (rooms.machines, rooms.disks, rooms.trash))
    for folder, _, files in everywhere:
        for file in files:
            path = os.path.join(folder, file)
            if file == DISK_LABEL and (base := _labelled_base(path)):
                names.add(os.path.basename(base))
            if not file.endswith(DISK_SUFFIX) and file != DISK_FILE:
                continue
            with file_errors(path, "see which images are in use"):
                backing = read_disk(path).backing
            if backing:
                names.add(os.path.basename(os.path.realpath(backing)))
    return names


def _labelled_base(path: str) -> str:
    """Returns the image below a Disk by its label, which no guest can change; empty: none, or it cannot be read."""
    try:
        base = read_disk_label(read_whole(path)).base
    except (OSError, ValueError):
        return ""
    return base.path if base else ""


def _stop(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        with file_errors(error.filename, "see which images are in use"):
            raise error
