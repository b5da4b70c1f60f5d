"""The actions on snapshots."""

from __future__ import annotations

from dataclasses import dataclass


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
class NoteTaken:
    """Notes down a snapshot that disks hold, and of which nothing is noted down any more, as after a backup without the notes."""

    uid: str  # of the Snapshot
    machine: str  # identity of the machine
    machine_name: str
    disks: tuple[tuple[str, str], ...]  # name, path
    memory: bool
    consistency: str
    taken: float  # seconds since the epoch
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


SnapshotAction = TakeSnapshot | NoteTaken | DropSnapshot | RestoreSnapshot | NoteRestored
