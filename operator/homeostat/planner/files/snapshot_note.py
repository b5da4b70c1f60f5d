"""What is noted down beside the disks of a snapshot."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SnapshotNote:
    """What is noted down beside the disks of a snapshot that was begun. ``complete``: it was taken, with all that the others
    say."""

    uid: str  # of the snapshot
    machine: str  # identity of the machine
    machine_name: str
    memory: bool
    disks: tuple[tuple[str, str], ...]  # name, path
    complete: bool = False
    consistency: str = ""  # Agent | Crash | Memory | Off
    taken: str = ""  # RFC 3339, UTC
    size: int = 0  # bytes
