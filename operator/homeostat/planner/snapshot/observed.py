"""What a plan for one snapshot rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from homeostat.models.machine import VirtualMachine
from homeostat.models.snapshot import Snapshot

from ..files.disk_tag import OURS, DiskTag
from ..files.snapshot_note import SnapshotNote
from ..machine.identity import digest
from ..observed import HostFacts, ObservedDomain
from ..plan import Stalled


@dataclass(frozen=True, slots=True)
class ObservedSnapshot:
    """A snapshot, its machine, and what is in the files of its disks."""

    host: HostFacts
    machine: VirtualMachine | None
    domain: ObservedDomain | None
    note: SnapshotNote | None = None
    tags: Mapping[str, Sequence[DiskTag]] = field(default_factory=dict)  # by path; a file that is not there has no entry
    overlaid: Mapping[str, str] = field(default_factory=dict)  # disk -> the file of ours that others built its present file on
    rival: Stalled | None = None  # another operator with our identity acts on this host


def tag_of(snapshot: Snapshot) -> str:
    """Returns the name of the snapshot in the disks. It says to people what it is, and no other snapshot ever has it."""
    meta = snapshot.metadata
    return f"{OURS}{meta.namespace}-{meta.name}-{digest(snapshot.identity)}"


def own_disks(domain: ObservedDomain) -> tuple[tuple[str, str, str], ...]:
    """Returns name, path and format of the disks that the machine writes to."""
    config = domain.live or domain.config
    disks = config.disks if config else ()
    return tuple((d.name, d.source, d.format) for d in disks if d.device == "disk" and not d.read_only and d.source)


def lacking(note: SnapshotNote, tag: str, tags: Mapping[str, Sequence[DiskTag]]) -> list[str]:
    """Returns the disks of a snapshot, by name, that do not hold it any more."""
    return [name for name, path in note.disks if all(found.tag != tag for found in tags.get(path, ()))]
