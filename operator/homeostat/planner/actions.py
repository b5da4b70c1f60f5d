"""The closed union of everything that the operator can do to a machine. Each action gives its reason."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from homeostat.models.image import UPLOADED

from .device_actions import AttachDisk as AttachDisk  # noqa: PLC0414 - it is one of ours
from .device_actions import AttachNic as AttachNic  # noqa: PLC0414 - it is one of ours
from .device_actions import ChangeMedium as ChangeMedium  # noqa: PLC0414 - it is one of ours
from .device_actions import ChangePassword as ChangePassword  # noqa: PLC0414 - it is one of ours
from .device_actions import DetachDisk as DetachDisk  # noqa: PLC0414 - it is one of ours
from .device_actions import DetachNic as DetachNic  # noqa: PLC0414 - it is one of ours
from .device_actions import DeviceChange as DeviceChange  # noqa: PLC0414 - it is one of ours
from .device_actions import LimitDisk as LimitDisk  # noqa: PLC0414 - it is one of ours
from .device_actions import ReplugNic as ReplugNic  # noqa: PLC0414 - it is one of ours
from .device_actions import SetLink as SetLink  # noqa: PLC0414 - it is one of ours
from .device_actions import SetMemory as SetMemory  # noqa: PLC0414 - it is one of ours
from .device_actions import SetVcpus as SetVcpus  # noqa: PLC0414 - it is one of ours
from .disk_actions import CopyDisk as CopyDisk  # noqa: PLC0414 - it is one of ours
from .disk_actions import LabelDisk as LabelDisk  # noqa: PLC0414 - it is one of ours
from .disk_actions import RemoveDisk as RemoveDisk  # noqa: PLC0414 - it is one of ours
from .disk_file import DiskLabel
from .domain import DomainConfig, MovedDisk, Record


def file_name(key: str) -> str:
    """Returns the name of an image's file in the cache. ``key``: its ImageRef.key."""
    return f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.img"


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A base image: where it comes from, and what its hash must be."""

    url: str  # http, https or file
    sha256: str | None = None
    format: str | None = None  # raw | qcow2 | vmdk | iso; None: detect
    known_as: str = field(default="", compare=False)  # the Image that stands for it, for messages

    @property
    def label(self) -> str:
        """How people know it."""
        if self.url == UPLOADED:
            return f"{self.known_as or self.sha256} (uploaded)"
        return f"{self.known_as} ({self.url})" if self.known_as else self.url

    @property
    def key(self) -> str:
        return f"{self.url}#{self.sha256 or ''}#{self.format or ''}"

    @property
    def file_name(self) -> str:
        """The name of its file in the cache."""
        return file_name(self.key)


@dataclass(frozen=True, slots=True)
class FetchImage:
    """Starts to fetch an image into the cache. The fetch goes on in the background."""

    image: ImageRef
    reason: str


@dataclass(frozen=True, slots=True)
class CreateDisk:
    """Creates a disk, as an overlay where ``backing`` is given. ``size`` in bytes; None: the size of the backing image.

    ``aside``: a sentence about a disk in the trash which this new disk replaces, because the spec cannot have that one.
    ``label``: of a Disk; it also says the format. What is no Disk is qcow2.
    """

    path: str
    size: int | None
    backing: str | None
    backing_format: str | None
    reason: str
    aside: str = ""
    label: DiskLabel | None = None


@dataclass(frozen=True, slots=True)
class GrowDisk:
    """Grows a disk. ``target`` is its device name while the machine runs, None while it is off."""

    uuid: str
    path: str
    size: int  # bytes
    target: str | None
    reason: str
    format: str = ""  # empty: qcow2


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
class DefineDomain:
    """Creates or changes the definition; a running domain goes on as it is.

    The driver refuses it where a disk is on another file by then than ``config`` says, unless the disk is in ``moves``.
    """

    config: DomainConfig
    reason: str
    moves: frozenset[str] = frozenset()  # disks that are given another source on purpose


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
class WriteRecord:
    """Updates our metadata on the domain, live and in its definition."""

    uuid: str
    record: Record
    reason: str


@dataclass(frozen=True, slots=True)
class SetAutostart:
    uuid: str
    enabled: bool
    reason: str


@dataclass(frozen=True, slots=True)
class StartDomain:
    """Boots the domain, or restores it from its managed save."""

    uuid: str
    paused: bool
    reason: str


@dataclass(frozen=True, slots=True)
class ShutdownDomain:
    """Asks the guest to shut down by its power button, or by its agent. Where nothing tells whether the agent did it, by the
    button too."""

    uuid: str
    reason: str
    by_agent: bool = False


@dataclass(frozen=True, slots=True)
class PowerOffDomain:
    """Cuts the power."""

    uuid: str
    reason: str


@dataclass(frozen=True, slots=True)
class PauseDomain:
    uuid: str
    reason: str


@dataclass(frozen=True, slots=True)
class ResumeDomain:
    uuid: str
    reason: str


@dataclass(frozen=True, slots=True)
class SaveDomain:
    """Makes a managed save: writes the memory to disk, and turns the domain off."""

    uuid: str
    reason: str


@dataclass(frozen=True, slots=True)
class DiscardSave:
    """Removes the managed save, so that the next start boots."""

    uuid: str
    reason: str


@dataclass(frozen=True, slots=True)
class RenameDomain:
    """Gives a domain that is off its own name again."""

    uuid: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class UndefineDomain:
    """Removes the definition with its managed save, nvram and checkpoint metadata. Does not touch the disks."""

    uuid: str
    reason: str
    stays: tuple[str, ...] = ()  # files that others put its disks on, outside its folder


@dataclass(frozen=True, slots=True)
class DeleteFile:
    """Removes one file of the machine's own (a disk, a seed, a log)."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class NoteMoved:
    """Records in the machine's folder which disks others put on which files. With none, removes that record."""

    directory: str
    disks: tuple[MovedDisk, ...]
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


@dataclass(frozen=True, slots=True)
class TakeSnapshot:
    """Takes a snapshot of a machine inside the files of its disks, all at one time. Repeated, it takes it from the beginning."""

    uid: str  # of the Snapshot
    uuid: str  # of the domain
    tag: str  # its name in the disks
    machine: str  # identity of the machine
    machine_name: str
    disks: tuple[tuple[str, str], ...]  # name, path
    active: bool  # the machine is on
    memory: bool
    quiesce: str  # IfAvailable | Required | Never
    saved: bool  # the machine is off, and its memory is saved
    reason: str


@dataclass(frozen=True, slots=True)
class DropSnapshot:
    """Removes a snapshot from the disks that hold it, with what is noted down of it."""

    uid: str  # of the Snapshot
    uuid: str  # of the domain; empty: there is none
    tag: str
    disks: tuple[tuple[str, str], ...]  # name, path
    reason: str


@dataclass(frozen=True, slots=True)
class RestoreSnapshot:
    """Brings the disks of a machine that is off back to a snapshot; or the whole guest, with its memory. Notes the token down
    once that is done. Repeated, it begins again."""

    uid: str  # of the Snapshot
    uuid: str  # of the domain
    tag: str
    disks: tuple[tuple[str, str], ...]  # name, path
    memory: bool
    directory: str  # of the machine
    token: str
    reason: str


@dataclass(frozen=True, slots=True)
class NoteRestored:
    """Records in the machine's folder that a token of restoreFrom was carried out, or needs not be."""

    directory: str
    token: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReleaseResource:
    """Ends the teardown: the resource may go."""

    reason: str


Action = (
    FetchImage
    | CreateDisk
    | CopyDisk
    | LabelDisk
    | RemoveDisk
    | GrowDisk
    | WriteSeed
    | CopyBoot
    | DefineDomain
    | MarkCreated
    | NoteDeletion
    | ForgetDeletion
    | NoteDisks
    | NoteMoved
    | WriteRecord
    | SetAutostart
    | StartDomain
    | ShutdownDomain
    | PowerOffDomain
    | PauseDomain
    | ResumeDomain
    | SaveDomain
    | DiscardSave
    | SetMemory
    | RenameDomain
    | UndefineDomain
    | DeleteFile
    | SetAside
    | TakeBack
    | KeepDisks
    | DeleteDirectory
    | TakeSnapshot
    | DropSnapshot
    | RestoreSnapshot
    | NoteRestored
    | ReleaseResource
    | DeviceChange
)
