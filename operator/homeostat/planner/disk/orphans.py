"""Files of disks that nothing refers to. They are shown, and left alone. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..files.disk_file import DISK_FILE, DISK_LABEL, DISKS, DiskLabel
from ..machine.identity import disk_file
from ..machine.storage.disk_source import MOVED_NOTE
from ..orphans import Orphan, mend

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
    name: str  # of the Disk that it was, or would be, or of the machine
    path: str  # absolute; of a Disk on another host below the state folder there
    state: str
    size: int | None  # bytes on the host's disk; None: they cannot be seen from here
    was: str  # what it was, in a sentence
    mend: str  # what a person can do
    host: str = ""  # where it is; empty: in the state folder here


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


def kept_on_hosts(keeps: Mapping[str, Collection[str]], named: Collection[tuple[str, str]]) -> list[DiskOrphan]:
    """Returns the Disks that other hosts keep and nobody names. ``keeps``: namespace/name of what each host keeps."""
    return [
        DiskOrphan(
            *place,
            f"{DISKS}/{kept}/{DISK_FILE}",
            RETAINED,
            None,
            "a Disk whose file stayed",
            f"declare Disk {place[1]} again to have it, or delete its folder below the state folder on {host} by hand",
            host,
        )
        for host, all_of_it in sorted(keeps.items())
        for kept in all_of_it
        if (place := _place(kept)) not in named
    ]


def _place(kept: str) -> tuple[str, str]:
    namespace, _, name = kept.partition("/")
    return namespace, name


def of_a_machine(host: str, orphan: Orphan, size: Callable[[Orphan, str], int | None]) -> Iterator[DiskOrphan]:
    """Yields the disks of a machine that is gone, where no domain has them. ``size``: the bytes that one takes."""
    if orphan.domain or not orphan.directory:
        return
    state = RETAINED if not orphan.alarming else UNREFERENCED
    for disk in orphan.disks:
        was = f"disk {disk} of machine {orphan.name}"
        path = disk_file(orphan.directory, disk)
        yield DiskOrphan(orphan.namespace, orphan.name, path, state, size(orphan, disk), was, mend(orphan), host)
