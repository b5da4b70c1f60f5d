"""The status of a snapshot. Pure."""

from __future__ import annotations

from homeostat.driver.errors import DriverError, Refused
from homeostat.models.condition import READY, RECONCILING, STALLED, merge_conditions, sayer
from homeostat.models.snapshot import Consistency, Snapshot, SnapshotDisk, SnapshotStatus
from homeostat.planner.plan import Converged, Stalled
from homeostat.planner.snapshot.observed import ObservedSnapshot, tag_of
from homeostat.planner.snapshot.plan import SnapshotPlan

CONSISTENCIES: dict[str, Consistency] = {"Agent": "Agent", "Crash": "Crash", "Memory": "Memory", "Off": "Off"}


def snapshot_status(
    snapshot: Snapshot, observed: ObservedSnapshot, plan: SnapshotPlan, error: DriverError | None, now: str
) -> SnapshotStatus:
    """Returns the status. ``error`` stopped the last plan. ``now`` is RFC 3339."""
    before, say = snapshot.status or SnapshotStatus(), sayer(snapshot.metadata.generation)
    outcome = plan.outcome
    reason, message = (error.reason, str(error)) if error else (outcome.reason, outcome.message)
    ready = error is None and isinstance(outcome, Converged)
    conditions = [say(READY, "Unknown" if reason == "HostUnreachable" else ready, reason, message)]
    if isinstance(error, Refused) or (error is None and isinstance(outcome, Stalled)):
        conditions.append(say(STALLED, True, reason, message))
    elif not ready:
        conditions.append(say(RECONCILING, True, reason, message))
    merged = merge_conditions(before.conditions, conditions, now)
    seen = {"observed_generation": snapshot.metadata.generation, "conditions": merged}
    note = observed.note
    if not observed.host.reachable:
        return before.model_copy(update=seen)
    if note is None or not note.complete:
        return SnapshotStatus(host=observed.host.name if observed.domain else None).model_copy(update=seen)
    taken = SnapshotStatus(
        consistency=CONSISTENCIES.get(note.consistency),
        taken_at=note.taken,
        size=note.size,
        host=observed.host.name,
        tag=tag_of(snapshot),
        disks=tuple(SnapshotDisk(name=name, path=path) for name, path in note.disks),
    )
    return taken.model_copy(update=seen)
