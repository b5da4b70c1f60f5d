"""The note in a machine's folder of where others put its disks: it outlasts the domain that says so."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from homeostat.driver.errors import Refused
from homeostat.planner.domain import MovedDisk
from homeostat.planner.machine.disk_source import MOVED_NOTE
from homeostat.planner.machine.identity import disk_file

from .paths import PARTIAL, file_errors, flush

Signature = tuple[int, int, int]


class MovedNotes:
    """Reads them; a stat call each while nothing changes."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Signature, tuple[MovedDisk, ...]]] = {}

    def read(self, path: str) -> tuple[MovedDisk, ...]:
        """Raises OSError, and Refused: it is there and cannot be understood, so where the newest data is, is not known."""
        try:
            found = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            self._known.pop(path, None)
            return ()
        signature = found.st_size, found.st_mtime_ns, found.st_ino
        known = self._known.get(path)
        if known is None or known[0] != signature:
            known = self._known[path] = signature, _parse(Path(path))
        return known[1]


def _parse(path: Path) -> tuple[MovedDisk, ...]:
    try:
        return tuple(MovedDisk(**disk) for disk in json.loads(path.read_bytes()))
    except (ValueError, TypeError) as error:
        raise Refused(
            f"{path} does not say any more where others put the disks ({error}): restore it, or delete it if they are where "
            "Homeostat placed them"
        ) from error


def write_moved(folder: Path, disks: Sequence[MovedDisk]) -> None:
    """Replaces the note; none: takes it away."""
    note = folder / MOVED_NOTE
    with file_errors(note, "note down where others put the disks"):
        if not disks:
            note.unlink(missing_ok=True)
            return
        partial = folder / f"{MOVED_NOTE}{PARTIAL}"
        partial.write_text(json.dumps([asdict(disk) for disk in disks], indent=2) + "\n")
        flush(partial)
        os.replace(partial, note)
        flush(folder)


def forget_moved(folder: Path) -> None:
    """Leaves in the note the disks whose own files stay: whoever has them next must not take them for the newest."""
    with file_errors(folder, "note down where others put the disks"):
        before = MovedNotes().read(str(folder / MOVED_NOTE))
    if before:
        write_moved(folder, [disk for disk in before if os.path.lexists(disk_file(str(folder), disk.name))])


def add_moved(folder: Path, disk: MovedDisk) -> None:
    """Notes one more."""
    with file_errors(folder, "note down where others put the disks"):
        before = MovedNotes().read(str(folder / MOVED_NOTE))
    write_moved(folder, [*(known for known in before if known.name != disk.name), disk])
