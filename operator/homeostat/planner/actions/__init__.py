"""The closed union of everything that the operator can do to a machine. Each action gives its reason."""

from __future__ import annotations

from dataclasses import dataclass

from .definition import DefineDomain, DefinitionAction, RenameDomain, SetAutostart, UndefineDomain, WriteRecord
from .devices import (
    AttachDisk,
    AttachNic,
    ChangeMedium,
    ChangePassword,
    DetachDisk,
    DetachNic,
    DeviceChange,
    LimitDisk,
    ReplugNic,
    SetLink,
    SetMemory,
    SetVcpus,
)
from .disks import CopyDisk, CreateDisk, DiskAction, GrowDisk, LabelDisk, RemoveDisk
from .files import (
    CopyBoot,
    DeleteDirectory,
    DeleteFile,
    FileAction,
    ForgetDeletion,
    KeepDisks,
    MarkCreated,
    NoteDeletion,
    NoteDisks,
    NoteMoved,
    SetAside,
    TakeBack,
    WriteSeed,
)
from .images import FetchImage, ImageRef, file_name
from .power import DiscardSave, PauseDomain, PowerAction, PowerOffDomain, ResumeDomain, SaveDomain, ShutdownDomain, StartDomain
from .snapshots import DropSnapshot, NoteRestored, NoteTaken, RestoreSnapshot, SnapshotAction, TakeSnapshot


@dataclass(frozen=True, slots=True)
class ReleaseResource:
    """Ends the teardown: the resource may go."""

    reason: str


StorageAction = FetchImage | DiskAction | FileAction
"""What changes the files of a host."""

Action = StorageAction | DefinitionAction | PowerAction | DeviceChange | SetMemory | SnapshotAction | ReleaseResource

__all__ = [
    "Action",
    "AttachDisk",
    "AttachNic",
    "ChangeMedium",
    "ChangePassword",
    "CopyBoot",
    "CopyDisk",
    "CreateDisk",
    "DefineDomain",
    "DefinitionAction",
    "DeleteDirectory",
    "DeleteFile",
    "DetachDisk",
    "DetachNic",
    "DeviceChange",
    "DiscardSave",
    "DiskAction",
    "DropSnapshot",
    "FetchImage",
    "FileAction",
    "ForgetDeletion",
    "GrowDisk",
    "ImageRef",
    "KeepDisks",
    "LabelDisk",
    "LimitDisk",
    "MarkCreated",
    "NoteDeletion",
    "NoteDisks",
    "NoteMoved",
    "NoteRestored",
    "NoteTaken",
    "PauseDomain",
    "PowerAction",
    "PowerOffDomain",
    "ReleaseResource",
    "RemoveDisk",
    "RenameDomain",
    "ReplugNic",
    "RestoreSnapshot",
    "ResumeDomain",
    "SaveDomain",
    "SetAside",
    "SetAutostart",
    "SetLink",
    "SetMemory",
    "SetVcpus",
    "ShutdownDomain",
    "SnapshotAction",
    "StartDomain",
    "StorageAction",
    "TakeBack",
    "TakeSnapshot",
    "UndefineDomain",
    "WriteRecord",
    "WriteSeed",
    "file_name",
]
