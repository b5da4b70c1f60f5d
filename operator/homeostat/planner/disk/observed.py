"""What was observed of a Disk: its file, who has it, and what it is to be made from."""

from __future__ import annotations

from dataclasses import dataclass, field

from homeostat.models.image_source import ImageSource

from ..files.disk_file import DiskLabel
from ..observed import HostFacts, ObservedDisk, ObservedStorage
from ..plan import Stalled, Waiting


@dataclass(frozen=True, slots=True)
class NamedDisk:
    """What is in the folder of a Disk."""

    file: ObservedDisk | None = None
    label: DiskLabel | None = None
    problem: str = ""  # why nobody knows what the file is, or no guest can write to it
    allocated: int = 0  # bytes
    there: bool = False  # the folder


@dataclass(frozen=True, slots=True)
class Copying:
    """How far a copy is. ``error``: why the last one failed; empty: it is going on."""

    written: int = 0  # bytes on the disk so far
    error: str = ""
    refused: bool = False  # trying again cannot help until something changes


@dataclass(frozen=True, slots=True)
class DiskHolder:
    """The machine whose domain has a Disk."""

    machine: str  # its name; with its namespace where that is another
    uuid: str
    active: bool
    saved: bool = False  # its memory is saved, with the disk as it was then
    source: str = ""  # the file that it writes to: the Disk's own, or one that others put it on
    target: str = ""  # its device name in the running guest; empty: the guest does not have it
    stays: str = ""  # why nothing of it is changed while it runs; empty: it may be


@dataclass(frozen=True, slots=True)
class DiskSeen:
    """Everything that a plan for one Disk rests on.

    ``origin`` is the Disk that it is to be a copy of, and ``origin_problem`` says why no copy can be made of it now.
    """

    host: HostFacts
    path: str
    named: NamedDisk = field(default_factory=NamedDisk)
    storage: ObservedStorage = field(default_factory=ObservedStorage)
    copy: Copying | None = None
    users: tuple[str, ...] = ()  # what names it in its spec, such as vm/web
    holder: DiskHolder | None = None
    origin: ObservedDisk | None = None
    origin_tag: str = ""  # of the snapshot in ``origin`` that is copied
    origin_problem: Waiting | Stalled | None = None
    image: ImageSource | None = None  # that it is to be made from, with the file that an Image stands for
    image_problem: Waiting | Stalled | None = None  # why that file is not known
    busy: str = ""  # who copies from it, or to it
