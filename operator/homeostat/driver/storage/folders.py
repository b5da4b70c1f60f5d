"""What is in the machines' folders, whether a resource knows it or not."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from homeostat.planner.machine.identity import DISK_SUFFIX, disk_file
from homeostat.planner.orphans import MachineFolder

from .disks.kept import NOTE
from .paths import Rooms, allocated, file_errors, read_whole

CREATED = "created"  # marks that a domain was defined; see planner.observed.ObservedStorage
DELETION = "deleting.json"  # the resource whose deletion has begun, so that it is completed whatever else is lost


def find_folders(rooms: Rooms) -> list[MachineFolder]:
    """Finds all folders of machines.

    Raises:
        DriverError: the folders cannot be read, which must not look as if there were none.
    """
    with file_errors(rooms.machines, f"look through {rooms.machines}"):
        return [_read(namespace.name, folder) for namespace in _folders(rooms.machines) for folder in _folders(namespace)]


def bytes_on_disk(directory: str, disks: Sequence[str]) -> int | None:
    """Returns what the disks of a folder take; None where there are none, or they cannot be seen from here."""
    try:
        return sum(allocated(disk_file(directory, disk)) for disk in disks) if disks else None
    except OSError:
        return None


def _folders(room: Path) -> Iterator[Path]:
    with contextlib.suppress(FileNotFoundError), os.scandir(room) as entries:
        yield from sorted(Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))


def _read(namespace: str, folder: Path) -> MachineFolder:
    names: list[str] = []
    with contextlib.suppress(FileNotFoundError):  # it is gone by now
        names = sorted(os.listdir(folder))
    return MachineFolder(
        namespace,
        folder.name,
        str(folder),
        disks=tuple(name.removesuffix(DISK_SUFFIX) for name in names if name.endswith(DISK_SUFFIX)),
        created=CREATED in names,
        kept_for=_owner(folder / NOTE) if NOTE in names else "",
        deletion=_text(folder / DELETION) if DELETION in names else "",
    )


def _owner(note: Path) -> str:
    try:
        found = json.loads(_text(note) or "{}")
    except ValueError:
        return ""
    return str(found.get("owner", "")) if isinstance(found, dict) else ""


def _text(note: Path) -> str:
    with contextlib.suppress(FileNotFoundError, UnicodeDecodeError):
        return read_whole(note).decode()
    return ""
