"""What was deleted and is set aside: its label, what of it comes back by itself, and what goes for good."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from homeostat.models.base import API_GROUP
from homeostat.models.explain import first_problem

from .disk_file import DiskLabel

DELETED_BECAUSE = f"{API_GROUP}/deleted-because"
"""An annotation of a replica that its deployment removes: why. The label of its disks says it."""
DELETED_BY = f"{API_GROUP}/deleted-by"
"""An annotation of what is being deleted: who asked for it, such as ``cli`` or ``file web.yaml``. The label says it too."""
WITH_DEPLOYMENT = "its deployment was deleted"
TAKEN_DOWN = "taken off the host by `homeostat down`"
COMES_BACK = frozenset({WITH_DEPLOYMENT, TAKEN_DOWN})
"""The reasons for which a replica's disks come back by themselves: with the deployment, a new replica is the same again. A
replica that replaces another in a rollout, or comes after a scale-down, begins with new disks."""

KEEP = 86400.0  # seconds for which what is deleted is set aside, unless another time is given

JITTER = timedelta(seconds=30)
"""How far the wall clock may be off without its being called set."""

LOW_SHARE, LOW_MOST = 0.10, 10 * 2**30
"""Space is low below a tenth of the file system, like the kubelet's default hard eviction threshold (nodefs.available<10%). On
large file systems it is low below 10 GiB: a tenth of them is not needed."""


@dataclass(frozen=True, slots=True)
class TrashedDisk:
    name: str  # as in the spec
    path: str  # where it was, absolute
    size: int = 0  # bytes that it takes on the host's disk
    virtual_size: int = 0  # bytes that the guest sees
    backing: str | None = None  # absolute path of the image that it was built on
    source: str = ""  # absolute path of the file that others had moved it to; empty: none
    source_format: str = ""

    @property
    def file(self) -> str:
        """The name of its file, which it has in the trash, too."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class TrashEntry:
    """What one deletion set aside. Times are RFC 3339, UTC."""

    entry: str  # its folder's name
    namespace: str
    name: str  # of the machine, or of the Disk
    uid: str  # its identity; empty: not known
    reason: str
    since: str
    until: str  # empty: erased only by a person, or where space is low
    returns: bool = False  # to the same machine, when that comes back
    macs: tuple[str, ...] = ()
    disks: tuple[TrashedDisk, ...] = ()
    note: str = ""  # why it may not last until then, as of when it was set aside
    label: DiskLabel | None = None  # of a Disk; None: it is of a machine

    @property
    def kind(self) -> str:
        return "VirtualMachine" if self.label is None else "Disk"

    @property
    def size(self) -> int:
        """Bytes on the host's disk."""
        return sum(disk.size for disk in self.disks)


@dataclass(frozen=True, slots=True)
class Erasure:
    """An entry that goes for good."""

    entry: TrashEntry
    reason: str
    scarce: bool = False  # before its time, for lack of space


@dataclass(frozen=True, slots=True)
class Space:
    """The file system that holds the trash, in bytes."""

    free: int
    total: int


@dataclass(frozen=True, slots=True)
class Uptime:
    """A moment by a clock that nobody sets. Without a boot it is not known."""

    boot: str = ""  # of the host
    seconds: float = 0.0  # since then


@dataclass(frozen=True, slots=True)
class _Timed:
    uptime: Uptime = Uptime()


_LABEL = TypeAdapter(TrashEntry)
_TIMED = TypeAdapter(_Timed)


def write_label(entry: TrashEntry, uptime: Uptime = Uptime()) -> str:
    """Returns the text of a label, which people read too. ``uptime``: when it is written."""
    return json.dumps({**asdict(entry), **asdict(_Timed(uptime))}, indent=2) + "\n"


def put_off(entry: TrashEntry, text: str | bytes, now: datetime, uptime: Uptime) -> TrashEntry:
    """Returns an entry that goes later where the wall clock was set forward in the boot of the host in which its label, ``text``,
    was written: it is set aside for as long as was said, by the time that has passed."""
    try:
        then = _TIMED.validate_json(text).uptime
    except ValidationError:
        return entry
    if not entry.until or not then.boot or then.boot != uptime.boot:
        return entry
    until = datetime.fromisoformat(entry.until)
    due = now + (until - datetime.fromisoformat(entry.since)) - timedelta(seconds=uptime.seconds - then.seconds)
    return entry if due - until < JITTER else replace(entry, until=due.strftime("%Y-%m-%dT%H:%M:%SZ"))


def read_label(name: str, text: str | bytes) -> TrashEntry:
    """Reads a label.

    Raises:
        ValueError: it is none of our labels.
    """
    try:
        entry = replace(_LABEL.validate_json(text), entry=name)  # what only a later version writes is ignored
    except ValidationError as error:
        raise ValueError(first_problem(error)) from error
    for field, said in (("since", entry.since), ("until", entry.until)):
        if said and not _is_time(said):
            raise ValueError(f"{field}: {said!r} is no time with a time zone, such as 2026-01-31T12:00:00Z")
    return entry


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def returning(entries: Iterable[TrashEntry], uid: str, disk: str) -> tuple[TrashEntry, TrashedDisk] | None:
    """Returns the disk of that name that comes back to the machine ``uid``: of several the newest."""
    found = [
        (entry, trashed)
        for entry in entries
        if entry.returns and entry.uid == uid
        for trashed in entry.disks
        if trashed.name == disk
    ]
    return max(found, key=lambda pair: pair[0].since, default=None)


@dataclass(frozen=True, slots=True)
class Claimant:
    """A machine that is desired and takes back what it finds of its own. ``lacks``: disks of its spec without a file."""

    uid: str  # its identity
    lacks: frozenset[str] = frozenset()


def to_erase(
    entries: Collection[TrashEntry], now: datetime, space: Space, claims: Mapping[str, Claimant] | None = None
) -> list[Erasure]:
    """Returns what to erase: entries whose time is over, and while space is low the oldest of the others until it is not.

    ``claims``, by entry: what returns to a machine that is there again does not go for lack of space. While the machine lacks one
    of its disks, it does not go at its time either.
    """
    oldest_first = sorted(entries, key=lambda e: (e.since, e.entry))
    claimed = {e.entry: claim for e in entries if (claim := (claims or {}).get(e.entry)) and _returns_to(e, claim)}
    going, free = [], space.free
    for entry in oldest_first:
        lacking = entry.entry in claimed and any(disk.name in claimed[entry.entry].lacks for disk in entry.disks)
        if entry.until and datetime.fromisoformat(entry.until) <= now and not lacking:
            going.append(Erasure(entry, f"it was set aside until {entry.until}"))
            free += entry.size
    decided = claimed.keys() | {erasure.entry.entry for erasure in going}
    for entry in oldest_first:
        if entry.entry not in decided and entry.size and is_low(now_free := replace(space, free=free)):
            going.append(Erasure(entry, _low(now_free), scarce=True))
            free += entry.size
    return going


def _returns_to(entry: TrashEntry, claim: Claimant) -> bool:
    return entry.returns and entry.uid == claim.uid


def scarcity(space: Space) -> str:
    """Says what happens to the trash while space is low; empty: it is not."""
    return f"{_low(space)}, so the trash is erased soon, oldest first, for lack of space" if is_low(space) else ""


def _low(space: Space) -> str:
    return f"space is low: {space.free * 100 // max(1, space.total)} % of the file system is free"


def is_low(space: Space) -> bool:
    return space.free < min(space.total * LOW_SHARE, LOW_MOST)
