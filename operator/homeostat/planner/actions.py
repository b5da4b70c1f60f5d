"""The closed union of everything the operator can do to a machine. Each action says why it is there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pydantic import SecretStr

from .domain import DiskConfig, DomainConfig, MovedDisk, NicConfig, Record


def file_name(key: str) -> str:
    """Of the image with that ImageRef.key in the cache."""
    return f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.img"


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A base image: where it comes from, and what it must hash to."""

    url: str  # http, https or file
    sha256: str | None = None
    format: str | None = None  # raw | qcow2 | vmdk | iso; None: detect

    @property
    def key(self) -> str:
        return f"{self.url}#{self.sha256 or ''}#{self.format or ''}"

    @property
    def file_name(self) -> str:
        """Of its file in the cache."""
        return file_name(self.key)


@dataclass(frozen=True, slots=True)
class FetchImage:
    """Starts a fetch into the cache; it goes on in the background."""

    image: ImageRef
    reason: str


@dataclass(frozen=True, slots=True)
class CreateDisk:
    """A qcow2 file, as an overlay where ``backing`` is given. ``size`` in bytes; None: the backing image's.

    ``aside``: a sentence on the one in the trash that it stands in for, which this spec could not have."""

    path: str
    size: int | None
    backing: str | None
    backing_format: str | None
    reason: str
    aside: str = ""


@dataclass(frozen=True, slots=True)
class GrowDisk:
    """``target`` is the device name while the machine runs, None while it is off."""

    uuid: str
    path: str
    size: int  # bytes
    target: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class WriteSeed:
    """A NoCloud ISO at ``path``; ``files`` are (name, text)."""

    path: str
    files: tuple[tuple[str, str], ...]
    reason: str


@dataclass(frozen=True, slots=True)
class CopyBoot:
    """A copy of a kernel or initramfs at ``path``, for libvirt to give to QEMU's user; those in its folder that are neither this
    nor in ``keep`` go."""

    path: str
    image: str  # its path in the cache
    reason: str
    keep: tuple[str, ...] = ()  # paths


@dataclass(frozen=True, slots=True)
class DefineDomain:
    """Creates or changes the definition; a running domain goes on as it is.

    It is refused where a disk is on another file by then than ``config`` has it, but for those named in ``moves``.
    """

    config: DomainConfig
    reason: str
    moves: frozenset[str] = frozenset()  # disks that are given another source on purpose


@dataclass(frozen=True, slots=True)
class MarkCreated:
    """Remembers on disk that the domain was defined once, and which disks are the machine's to delete (see NoteDisks)."""

    directory: str
    reason: str
    disks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoteDisks:
    """Notes down which disks have reclaimPolicy Delete: of one that leaves the spec, the spec says it no more."""

    directory: str
    disks: tuple[str, ...]  # by name
    reason: str


@dataclass(frozen=True, slots=True)
class NoteDeletion:
    """Remembers on disk what is being deleted, and by which policies: it is finished also where all else is lost."""

    directory: str
    resource: str  # as JSON
    reason: str


@dataclass(frozen=True, slots=True)
class ForgetDeletion:
    """What was being deleted is to be kept."""

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
    """Boots it, or resumes it from its managed save."""

    uuid: str
    paused: bool
    reason: str


@dataclass(frozen=True, slots=True)
class ShutdownDomain:
    """Asks the guest to shut down, by its power button, or by its agent: where that cannot be told, by the button too."""

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
    """Managed save: memory to disk, and off."""

    uuid: str
    reason: str


@dataclass(frozen=True, slots=True)
class DiscardSave:
    """Removes the managed save, so that the next start boots."""

    uuid: str
    reason: str


@dataclass(frozen=True, slots=True)
class AttachDisk:
    uuid: str
    disk: DiskConfig
    reason: str


@dataclass(frozen=True, slots=True)
class DetachDisk:
    uuid: str
    disk: DiskConfig
    reason: str


@dataclass(frozen=True, slots=True)
class ChangeMedium:
    """Another image (or none) in a cdrom drive."""

    uuid: str
    disk: DiskConfig
    reason: str


@dataclass(frozen=True, slots=True)
class LimitDisk:
    """Lets the running guest read and write as much of a disk in a second as ``disk.limits`` says."""

    uuid: str
    disk: DiskConfig
    reason: str


@dataclass(frozen=True, slots=True)
class AttachNic:
    uuid: str
    nic: NicConfig
    reason: str


@dataclass(frozen=True, slots=True)
class DetachNic:
    uuid: str
    nic: NicConfig
    reason: str


@dataclass(frozen=True, slots=True)
class ReplugNic:
    """Puts a nic of a running machine back on its network or bridge; the guest sees a link that comes back, no other device."""

    uuid: str
    nic: NicConfig
    tap: str  # its device on the host, such as vnet0
    bridge: str  # that the tap belongs on
    reason: str


@dataclass(frozen=True, slots=True)
class RaiseLink:
    """Plugs the cable of a running machine's nic in again that someone pulled."""

    uuid: str
    nic: NicConfig
    reason: str


@dataclass(frozen=True, slots=True)
class SetMemory:
    """Gives a running guest back what its balloon took, up to the memory that it was started with."""

    uuid: str
    memory: int  # bytes
    reason: str


@dataclass(frozen=True, slots=True)
class RenameDomain:
    """Gives a domain that is off its name back."""

    uuid: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """Of the VNC server of a running machine; viewers that are connected stay."""

    uuid: str
    password: SecretStr
    reason: str


@dataclass(frozen=True, slots=True)
class UndefineDomain:
    """Removes the definition with its managed save, nvram and checkpoint metadata; disks are not touched."""

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
    """Notes in the machine's folder which disks others put on which files; none: takes the note away."""

    directory: str
    disks: tuple[MovedDisk, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """Moves disks of a machine to the trash, with a label that says whose they are and why. Done twice it goes on where it
    ended."""

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


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Moves one disk from the trash to its place, and notes where others had put it."""

    entry: str
    disk: str  # its name
    path: str
    reason: str
    moved: MovedDisk | None = None


@dataclass(frozen=True, slots=True)
class KeepDisks:
    """Notes down in the machine's directory whose disks these are that stay: nothing but this lets them go by themselves."""

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
class ReleaseResource:
    """Teardown is complete: the resource may go."""

    reason: str


Action = (
    FetchImage
    | CreateDisk
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
    | AttachDisk
    | DetachDisk
    | ChangeMedium
    | LimitDisk
    | AttachNic
    | DetachNic
    | ReplugNic
    | RaiseLink
    | SetMemory
    | RenameDomain
    | ChangePassword
    | UndefineDomain
    | DeleteFile
    | SetAside
    | TakeBack
    | KeepDisks
    | DeleteDirectory
    | ReleaseResource
)
