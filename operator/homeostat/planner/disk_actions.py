"""The actions on files that only Disks have. They belong to the union of ``actions``."""

from __future__ import annotations

from dataclasses import dataclass

from .disk_file import DiskLabel


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
