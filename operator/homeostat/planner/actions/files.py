"""The actions on the files of a machine that are no disks, and on what becomes of all of them."""

from __future__ import annotations

from dataclasses import dataclass

from ..domain import MovedDisk
from ..files.disk_file import DiskLabel


@dataclass(frozen=True, slots=True)
class WriteSeed:
    """Writes a NoCloud ISO at ``path``; ``files`` are (name, text)."""

    path: str
    files: tuple[tuple[str, str], ...]
    reason: str


@dataclass(frozen=True, slots=True)
class CopyBoot:
    """Copies a kernel or initramfs to ``path``, so that libvirt can give the copy to QEMU's user. Removes other copies in the
    folder that are not in ``keep``."""

    path: str
    image: str  # its path in the cache
    reason: str
    keep: tuple[str, ...] = ()  # paths


@dataclass(frozen=True, slots=True)
class MarkCreated:
    """Records on disk that the domain was defined once, and which disks are to be deleted with the machine (see NoteDisks)."""

    directory: str
    reason: str
    disks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoteDisks:
    """Records on disk which disks have reclaimPolicy Delete. Once a disk has left the spec, the spec no longer says it."""

    directory: str
    disks: tuple[str, ...]  # by name
    reason: str


@dataclass(frozen=True, slots=True)
class NoteDeletion:
    """Records on disk what is being deleted, and with which policies. Then the deletion is completed even if all else is lost."""

    directory: str
    resource: str  # as JSON
    reason: str


@dataclass(frozen=True, slots=True)
class ForgetDeletion:
    """Removes the record of a deletion: the machine is to stay after all."""

    directory: str
    reason: str


@dataclass(frozen=True, slots=True)
class NoteMoved:
    """Records in the machine's folder which disks others put on which files. With none, removes that record."""

    directory: str
    disks: tuple[MovedDisk, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class DeleteFile:
    """Removes one file of the machine's own (a disk, a seed, a log)."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """Moves disks of a machine to the trash, with a label that says whose they are and why. Repeated, it continues where it
    stopped."""

    entry: str  # the trash's folder for them; the driver takes another where that holds a disk of the same name
    namespace: str
    name: str  # of the machine
    uid: str  # its identity; empty: not known
    disks: tuple[tuple[str, str], ...]  # name, path
    keep: float  # seconds
    returns: bool  # to the same machine, when that comes back
    reason: str
    macs: tuple[str, ...] = ()
    moved: tuple[MovedDisk, ...] = ()  # those of them that others had put on other files
    label: DiskLabel | None = None  # of a Disk, which then is all that is moved


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Moves one disk from the trash back to its place, and records where others had put it."""

    entry: str
    disk: str  # its name
    path: str
    reason: str
    moved: MovedDisk | None = None
    label: DiskLabel | None = None  # of a Disk


@dataclass(frozen=True, slots=True)
class KeepDisks:
    """Records in the machine's directory whose disks these are. Only that record lets the kept disks go later by themselves."""

    directory: str
    owner: str  # uid of the deployment
    disks: tuple[str, ...]  # by name
    reason: str
    uid: str = ""  # the machine's identity


@dataclass(frozen=True, slots=True)
class DeleteDirectory:
    """Removes the machine's logs, seeds and markers, and its directory unless disks (or anything else) remain in it."""

    path: str
    reason: str


FileAction = (
    WriteSeed | CopyBoot | MarkCreated | NoteDisks | NoteDeletion | ForgetDeletion | NoteMoved | DeleteFile | SetAside | TakeBack
    | KeepDisks | DeleteDirectory
)  # fmt: skip
