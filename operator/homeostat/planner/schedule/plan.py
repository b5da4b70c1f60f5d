"""The plan for one snapshot schedule: which snapshot is made now, and which ones go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from homeostat.models.base import ORPHANING, ObjectMeta, OwnerReference, without_marks
from homeostat.models.condition import READY, find_condition, holds
from homeostat.models.cron import seconds_of
from homeostat.models.schedule import SCHEDULE, SCHEDULED_AT, SnapshotSchedule
from homeostat.models.snapshot import TAKING, Snapshot

from ..cron import due_after, due_before, zone_of
from ..plan import Converged, Outcome, Stalled, Waiting

NAME_MAX = 63 - len("-20260101-0000")


@dataclass(frozen=True, slots=True)
class CreateSnapshot:
    """Makes the Snapshot of one time."""

    snapshot: Snapshot
    reason: str


@dataclass(frozen=True, slots=True)
class PruneSnapshot:
    """Deletes a Snapshot of the schedule."""

    snapshot: Snapshot
    reason: str


@dataclass(frozen=True, slots=True)
class ReleaseSchedule:
    """Lets the schedule go: its snapshots have gone."""

    reason: str


ScheduleAction = CreateSnapshot | PruneSnapshot | ReleaseSchedule


@dataclass(frozen=True, slots=True)
class SchedulePlan:
    """The next steps for one schedule. ``last``: the last time that is dealt with once they are done; ``next``: the next one."""

    actions: tuple[ScheduleAction, ...] = ()
    outcome: Outcome = Converged()
    last: datetime | None = None
    next: datetime | None = None


def plan_schedule(schedule: SnapshotSchedule, snapshots: Sequence[Snapshot], now: datetime, by_age: bool = True) -> SchedulePlan:
    """Plans the next steps. ``snapshots``: all of the namespace. ``now``: the wall clock. ``by_age``: it is to be believed,
    so that what is too old goes.

    A time is dealt with once. The snapshots that are there say which was the last, and so does the status, which remembers those
    that were removed. Where several were missed, the last of them is made up for.
    """
    mine = [one for one in snapshots if belongs_to(one, schedule)]
    if schedule.deleting:
        return _ending(schedule, mine)
    zone, spec = zone_of(schedule.spec.time_zone), schedule.spec
    if zone is None:
        unknown = f"spec.timeZone: this host knows no time zone {spec.time_zone!r}: correct it, or install tzdata there"
        return SchedulePlan(outcome=Stalled("TimeZoneUnknown", unknown))
    following = due_after(spec.schedule, now, zone)
    last = _dealt_with(schedule, mine, now, following)
    if spec.suspend:
        return SchedulePlan(outcome=Converged("Suspended", "spec.suspend: none is taken and none removed"), last=last)
    scheduled = Converged("Scheduled")
    prunes, due = _pruned(schedule, mine, now, following, by_age), due_before(spec.schedule, now, zone)
    if due <= last:
        return SchedulePlan(prunes, scheduled, last, following)
    name = f"{schedule.metadata.name[:NAME_MAX]}-{due:%Y%m%d-%H%M}"
    taken = next((one for one in snapshots if one.metadata.name == name and one not in mine), None)
    if taken is not None:
        stolen = f"there is a snapshot {name} that is not of this schedule: none was taken for {due:%Y-%m-%d %H:%M} UTC"
        return SchedulePlan(prunes, Stalled("NameTaken", f"{stolen}; rename that one, or this schedule"), due, following)
    made = CreateSnapshot(snapshot_of(schedule, name, due), f"due at {due:%Y-%m-%d %H:%M} UTC")
    replaced = tuple(
        PruneSnapshot(one, "it was not taken until the next one was due")
        for one in mine
        if not one.deleting and one.status is not None and not is_taken(one) and one.metadata.name != name
    )
    return SchedulePlan((made, *replaced, *prunes), scheduled, due, following)


def belongs_to(snapshot: Snapshot, schedule: SnapshotSchedule) -> bool:
    """Tells whether the schedule made it."""
    return any(owner.controller and owner.uid == schedule.metadata.uid for owner in snapshot.metadata.owner_references)


def is_taken(snapshot: Snapshot) -> bool:
    """Tells whether it was taken, also where it cannot be gone back to now: its machine or its host may come back."""
    return snapshot.status is not None and snapshot.status.taken_at is not None


def failure_of(schedule: SnapshotSchedule, snapshots: Sequence[Snapshot]) -> str:
    """Says why the newest of its snapshots that was looked at is not taken; empty: it was, or is just now."""
    seen = [one for one in snapshots if belongs_to(one, schedule) and one.status is not None and not one.deleting]
    newest = max(seen, key=lambda one: one.metadata.annotations.get(SCHEDULED_AT, ""), default=None)
    if newest is None or newest.status is None or is_taken(newest):
        return ""
    ready = find_condition(newest.status.conditions, READY)
    return f"snapshot {newest.metadata.name}: {ready.message}" if ready and ready.reason != TAKING else ""


def due_of(snapshot: Snapshot) -> datetime | None:
    """Returns the time that it was made for."""
    return _time(snapshot.metadata.annotations.get(SCHEDULED_AT))


def _ending(schedule: SnapshotSchedule, mine: Sequence[Snapshot]) -> SchedulePlan:
    if ORPHANING in schedule.metadata.finalizers:
        return SchedulePlan(outcome=Waiting("Terminating", "its snapshots stay, and lose their owner just now"))
    if not mine:
        return SchedulePlan((ReleaseSchedule("its snapshots have gone"),), Waiting("Terminating", "being removed"))
    prunes = tuple(PruneSnapshot(one, "its schedule was deleted") for one in mine if not one.deleting)
    return SchedulePlan(prunes, Waiting("Terminating", f"waiting for {len(mine)} snapshots to go", 5.0))


def _dealt_with(schedule: SnapshotSchedule, mine: Sequence[Snapshot], now: datetime, following: datetime | None) -> datetime:
    """Returns the last time that was dealt with; where none was, the time at which the schedule was made."""
    remembered = _time(schedule.status.last_time) if schedule.status else None
    born = _time(schedule.metadata.creation_timestamp) or datetime.min.replace(tzinfo=UTC)
    known = (remembered, *(due_of(one) for one in mine))
    return max((time for time in known if time is not None and not _is_ahead(time, following)), default=min(born, now))


def _is_ahead(time: datetime, following: datetime | None) -> bool:
    """Tells whether a time that was dealt with is to come only after the next one: the clock was ahead then. One that is the next
    was dealt with just before the clock was set back a little."""
    return following is not None and time > following


def _pruned(
    schedule: SnapshotSchedule, mine: Sequence[Snapshot], now: datetime, following: datetime | None, by_age: bool
) -> tuple[PruneSnapshot, ...]:
    """Returns the snapshots that are kept no longer. Only those count that can be gone back to now, and the newest of them stays.
    Those of a time that is yet to come are left alone, and count as none: the clock was ahead then, or is behind now, which
    nobody can tell."""
    keep = schedule.spec.keep
    taken = [one for one in mine if is_taken(one) and not one.deleting and not _is_ahead(due_of(one) or now, following)]
    taken.sort(key=lambda one: (due_of(one) or now, one.metadata.name), reverse=True)
    oldest = now - timedelta(seconds=seconds_of(keep.max_age)) if keep.max_age and by_age else None
    gone, newer = list[PruneSnapshot](), 0  # those that are newer, and can be gone back to
    for one in taken:
        if newer >= keep.count:
            gone.append(PruneSnapshot(one, f"keep.count is {keep.count}"))
        elif newer and oldest is not None and (due_of(one) or now) < oldest:
            gone.append(PruneSnapshot(one, f"it is older than keep.maxAge, {keep.max_age}"))
        newer += holds(one.status, READY)
    return tuple(gone)


def snapshot_of(schedule: SnapshotSchedule, name: str, due: datetime) -> Snapshot:
    """Returns the Snapshot that the schedule makes for a time."""
    meta, template = schedule.metadata, schedule.spec.template
    owner = OwnerReference(api_version=schedule.api_version, kind=schedule.kind, name=meta.name, uid=meta.uid)
    return Snapshot(
        metadata=ObjectMeta(
            name=name,
            namespace=meta.namespace,
            labels={**without_marks(template.labels), SCHEDULE: meta.name},
            annotations={SCHEDULED_AT: rfc3339(due)},
            owner_references=(owner,),
        ),
        spec=template.spec,
    )


def rfc3339(time: datetime) -> str:
    """Writes a time as resources have it."""
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
    except ValueError:
        return None
