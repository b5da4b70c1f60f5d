"""Files below the folder of Disks that nothing refers to. They are shown, and left alone. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from ..files.disk_file import DISK_FILE, DISK_LABEL, DiskLabel
from ..machine.storage.disk_source import MOVED_NOTE

RETAINED = "retained"
UNLABELLED = "unlabelled"
UNREFERENCED = "unreferenced"
FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class DiskFolder:
    """One folder of a Disk, as it is on the host's disk. ``files``: names and bytes of all that is in it."""

    namespace: str
    name: str
    path: str  # absolute
    label: DiskLabel | None
    files: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class DiskOrphan:
    namespace: str
    name: str  # of the Disk that it was, or would be
    path: str  # absolute
    state: str
    size: int  # bytes on the host's disk
    was: str  # what it was, in a sentence
    mend: str  # what a person can do


def disk_orphans(folders: Iterable[DiskFolder], named: Collection[tuple[str, str]]) -> list[DiskOrphan]:
    """Returns what nothing refers to. ``named``: namespaces and names of all Disks, and of those that machines name."""
    return [orphan for folder in folders for orphan in _in_folder(folder, (folder.namespace, folder.name) in named)]


def _in_folder(folder: DiskFolder, named: bool) -> Iterator[DiskOrphan]:
    for file, size in folder.files:
        path = f"{folder.path}/{file}"
        if file in (DISK_LABEL, MOVED_NOTE) or (file == DISK_FILE and named and folder.label is not None):
            continue
        place = folder.namespace, folder.name, path
        if file != DISK_FILE:
            yield DiskOrphan(*place, FOREIGN, size, "a file that others put there", "move it away if nobody needs it")
        elif folder.label is None:
            yield DiskOrphan(*place, UNLABELLED, size, f"a file without {DISK_LABEL}", "put its label back, or move it away")
        else:
            was = f"{folder.label.format}, made from {folder.label.source}"
            state = RETAINED if folder.label.retained else UNREFERENCED
            why = f"; {folder.label.retained}" if folder.label.retained else "; no Disk of that name is declared"
            mend = f"declare Disk {folder.name} again to have it, or delete {folder.path} by hand"
            yield DiskOrphan(*place, state, size, f"{was}{why}", mend)
