"""The record in a machine's folder of where others put its disks. It outlasts the domain that says so."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from homeostat.driver.errors import Refused
from homeostat.planner.domain import MovedDisk
from homeostat.planner.machine.identity import disk_file
from homeostat.planner.machine.storage.disk_source import MOVED_NOTE

from ..paths import file_errors, read_whole, replace_text


def read_moved(path: str) -> tuple[MovedDisk, ...]:
    """Reads the record at ``path``. Raises OSError, and Refused: it cannot be understood, so nobody knows where the newest data
    is."""
    try:
        return tuple(MovedDisk(**disk) for disk in json.loads(read_whole(path)))
    except (ValueError, TypeError) as error:
        raise Refused(
            f"{path} does not say any more where others put the disks ({error}): restore it, or delete it if they are where "
            "Homeostat placed them"
        ) from error


def moved_of(folder: Path) -> tuple[MovedDisk, ...]:
    """Reads the record in a machine's folder; empty where there is none. Raises DriverError: it cannot be read, or not be
    understood."""
    with file_errors(folder, "read where others put the disks"):
        try:
            return read_moved(str(folder / MOVED_NOTE))
        except (FileNotFoundError, NotADirectoryError):
            return ()


def write_moved(folder: Path, disks: Sequence[MovedDisk]) -> None:
    """Replaces the record; with no disks it removes it."""
    note = folder / MOVED_NOTE
    with file_errors(note, "note down where others put the disks"):
        if not disks:
            note.unlink(missing_ok=True)
            return
        replace_text(note, json.dumps([asdict(disk) for disk in disks], indent=2) + "\n")


def forget_moved(folder: Path) -> None:
    """Keeps in the record the disks whose own files stay: the next machine that has them must not take them for the newest."""
    if before := moved_of(folder):
        write_moved(folder, [disk for disk in before if os.path.lexists(disk_file(str(folder), disk.name))])


def add_moved(folder: Path, disk: MovedDisk) -> None:
    """Adds one disk to the record."""
    write_moved(folder, [*(known for known in moved_of(folder) if known.name != disk.name), disk])
