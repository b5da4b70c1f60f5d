"""The actions on disks."""

from __future__ import annotations

from dataclasses import dataclass

from ..files.disk_file import DiskLabel


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
class CopyDisk:
    """Starts to make a Disk as a copy of another file. The copy goes on in the background."""

    path: str
    size: int  # bytes; at least what ``source`` has
    source: str
    source_format: str
    label: DiskLabel  # it also says the format
    reason: str
    tag: str = ""  # of the snapshot in ``source`` that is copied; empty: the disk as it is


@dataclass(frozen=True, slots=True)
class LabelDisk:
    """Writes the label of a Disk."""

    path: str
    label: DiskLabel
    reason: str


@dataclass(frozen=True, slots=True)
class RemoveDisk:
    """Removes the file of a Disk, where it is still there, with its label and its folder. Whatever else is there stays."""

    path: str
    reason: str


DiskAction = CreateDisk | CopyDisk | LabelDisk | RemoveDisk | GrowDisk
