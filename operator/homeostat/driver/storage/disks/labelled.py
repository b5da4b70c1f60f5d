"""The files of Disks: each in a folder of its own, with a label that says what it is. No guest can change the label."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import struct
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from homeostat.planner.actions import LabelDisk, RemoveDisk
from homeostat.planner.disk.observed import NamedDisk
from homeostat.planner.disk.orphans import DiskFolder
from homeostat.planner.files.disk_file import DISK_FILE, DISK_LABEL, DiskLabel, read_disk_label, write_disk_label
from homeostat.planner.machine.storage.disk_source import MOVED_NOTE
from homeostat.planner.observed import ObservedDisk

from ..paths import Rooms, allocated, file_errors, flush, read_start, replace_text, sweep_partials
from .cut import read_judged

log = logging.getLogger(__name__)

_LABEL_MAX = 2**20  # bytes
_VMDK_HEAD = 512
_STREAMED = 0x30000  # flags of a sparse extent: compressed grains, markers; see VMware's Virtual Disk Format 5.0


def read_named(path: str) -> ObservedDisk | None:
    """Reads the file of a Disk as its label says; never as what its contents look like. None: there is no file."""
    return look_into(os.path.dirname(path)).file


def look_into(folder: str) -> NamedDisk:
    """Reads what is in the folder of a Disk.

    Raises:
        OSError: it cannot be read.
    """
    path = f"{folder}/{DISK_FILE}"
    label, problem = _label(folder)
    try:
        taken = allocated(path)
        found = _unreadable(path, problem) if label is None or os.path.islink(path) else read_as(path, label)
    except (FileNotFoundError, NotADirectoryError):
        return NamedDisk(label=label, problem=problem, there=os.path.isdir(folder))
    return NamedDisk(found, label, found.problem, taken, True)


def _label(folder: str) -> tuple[DiskLabel | None, str]:
    path = f"{folder}/{DISK_LABEL}"
    try:
        return read_disk_label(read_start(path, _LABEL_MAX)), ""
    except (FileNotFoundError, NotADirectoryError):
        return None, ""
    except ValueError as error:
        return None, f"{path} cannot be read ({error}): put it back as it was, or move {folder} away"


def _unreadable(path: str, problem: str) -> ObservedDisk:
    if os.path.islink(path):
        return ObservedDisk(path, 0, None, problem=f"{path} is a link: put the file itself there")
    missing = f"{path} has no {DISK_LABEL} beside it, so nobody knows what it is: put that back, or move the file away"
    return ObservedDisk(path, 0, None, problem=problem or missing)


def read_as(path: str, label: DiskLabel) -> ObservedDisk:
    """Reads a file as a label says. Raises OSError."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        return ObservedDisk(path, 0, None, label=label, problem=f"{path} is no file any more: put it back from a backup")
    if label.format == "raw":
        return ObservedDisk(path, os.stat(path).st_size, None, label=label)
    if label.format == "vmdk":
        return _read_vmdk(path, label)
    found = replace(read_judged(path), label=label)
    if not found.virtual_size:
        return replace(found, problem=f"{path} is no qcow2 file any more: put it back from a backup")
    return found


def _read_vmdk(path: str, label: DiskLabel) -> ObservedDisk:
    """Reads a vmdk. QEMU writes to one that is sparse; to one made for streaming it cannot, as its grains are compressed."""
    head = read_start(path, _VMDK_HEAD)
    found = ObservedDisk(path, 0, None, label=label)
    if len(head) < _VMDK_HEAD or head[:4] != b"KDMV":
        return replace(found, problem=f"{path} is no vmdk of one sparse file any more: put it back from a backup")
    _, flags, sectors = struct.unpack_from("<IIQ", head, 4)
    if flags & _STREAMED or not sectors:
        why = "made for streaming (streamOptimized)" if flags & _STREAMED else "spread over several files"
        mend = f"give its contents to a new Disk: `qemu-img convert -O qcow2 {path} NEW.qcow2`, then source.image.path"
        return replace(found, problem=f"{path} is a vmdk {why}, which QEMU cannot write to: {mend}")
    return replace(found, virtual_size=sectors * 512)


def label_disk(rooms: Rooms, path: str, label: DiskLabel) -> None:
    folder = rooms.named_disk(path).parent
    rooms.ensure(folder)
    with file_errors(folder, f"write {folder / DISK_LABEL}"):
        replace_text(folder / DISK_LABEL, write_disk_label(label))


def carry_label(rooms: Rooms, action: LabelDisk) -> None:
    label_disk(rooms, action.path, action.label)


def remove_disk(rooms: Rooms, action: RemoveDisk) -> None:
    """Removes a Disk's file, label and folder. What others put there stays, and keeps the folder.

    Raises:
        Refused: it is not the file of a Disk.
    """
    path = rooms.named_disk(action.path)
    folder = path.parent
    with file_errors(folder, f"delete {folder}"):
        if not folder.is_dir():
            return
        sweep_partials(folder)
        path.unlink(missing_ok=True)
        flush(folder)
        (folder / MOVED_NOTE).unlink(missing_ok=True)
        (folder / DISK_LABEL).unlink(missing_ok=True)
        if left := os.listdir(folder):
            log.info("kept in %s: %s", folder, ", ".join(sorted(left)))
            return
        folder.rmdir()
        with contextlib.suppress(OSError):  # other Disks are there
            folder.parent.rmdir()


def disk_folders(root: Path) -> Sequence[DiskFolder]:
    """Finds all folders of Disks below a state folder.

    Raises:
        DriverError: they cannot be read.
    """
    room = Rooms(root, None).disks
    with file_errors(room, f"look through {room}"):
        folders = sorted(path for path in room.glob("*/*") if path.is_dir() and not path.is_symlink())
        return [_folder(path) for path in folders]


def labelled_disks(root: Path) -> Sequence[str]:
    """Finds the Disks, as namespace/name, whose files are there below a state folder, each with a label. Reads none.

    Raises:
        OSError: they cannot be listed.
    """
    room = Rooms(root, None).disks
    labels = (path.parent for path in room.glob(f"*/*/{DISK_LABEL}"))
    return sorted(f"{folder.parent.name}/{folder.name}" for folder in labels if os.path.lexists(folder / DISK_FILE))


def _folder(path: Path) -> DiskFolder:
    files = tuple((file.name, allocated(file)) for file in sorted(path.iterdir()))
    return DiskFolder(path.parent.name, path.name, str(path), _label(str(path))[0], files)
