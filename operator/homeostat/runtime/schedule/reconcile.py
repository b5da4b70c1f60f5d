"""One reconcile of one snapshot schedule: observe → plan → execute → write status once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from homeostat.driver import faults
from homeostat.driver.errors import DriverError
from homeostat.models.base import Key
from homeostat.models.condition import READY, RECONCILING, STALLED, merge_conditions, sayer
from homeostat.models.cron import seconds_of
from homeostat.models.outside import redacted
from homeostat.models.schedule import SNAPSHOT_FAILURE, SnapshotSchedule, SnapshotScheduleStatus
from homeostat.models.snapshot import Snapshot
from homeostat.planner.plan import Converged, Stalled, Waiting
from homeostat.planner.schedule.found import found_again
from homeostat.planner.schedule.plan import (
    CreateSnapshot,
    PruneSnapshot,
    ReleaseSchedule,
    ScheduleAction,
    SchedulePlan,
    belongs_to,
    failure_of,
    is_taken,
    plan_schedule,
    rfc3339,
)

from ..engine.clock import timestamp
from ..engine.ports import Outpaced, ResourceStore, StoreFailure
from ..engine.reconciler import GONE, Next
from ..hypervisor import SnapshotsOf

LOOK_AGAIN = 3600.0  # seconds at the most until the next look: the wall clock may be set


def _now() -> datetime:
    return datetime.now(UTC)


class ScheduleReconciler:
    """Reconciles schedules. Everything that it needs is in the store."""

    def __init__(
        self,
        store: ResourceStore,
        halted: Callable[[], Stalled | None] = lambda: None,
        now: Callable[[], datetime] = _now,
        host: SnapshotsOf | None = None,
        steady: Callable[[float], bool] = lambda hold: True,
    ) -> None:
        """Takes what it asks others. ``halted`` says why nothing may be done at all; None: it may. ``host``: where snapshots are
        that the store has lost. None: it loses none. ``steady``: see SteadyTime."""
        self._store, self._halted, self._now, self._host, self._steady = store, halted, now, host, steady

    async def reconcile(self, schedule: SnapshotSchedule) -> Next:
        """Takes the schedule one plan further, and returns when to reconcile it again.

        Raises:
            DriverError: what is noted down of snapshots cannot be listed.
            StoreFailure: what the plan asks for was refused. The status says so, where it can be written.
        """
        now = self._now()
        snapshots = await self._store.list(Snapshot, schedule.metadata.namespace)
        if schedule.status is None and not schedule.deleting and self._halted() is None:
            snapshots = [*snapshots, *await self._find_again(schedule)]
        age = schedule.spec.keep.max_age
        plan = plan_schedule(schedule, snapshots, now, by_age=not age or self._steady(seconds_of(age)))
        if halted := self._halted():
            plan = replace(plan, actions=(), outcome=halted, last=None)  # what is due now is made up for later
        try:
            for action in plan.actions:
                with faults.around(action):
                    await self._execute(schedule, action)
                if isinstance(action, ReleaseSchedule):
                    return GONE
        except Outpaced:
            raise
        except StoreFailure as error:  # a quota, say: else it would stay Ready while nothing is taken
            with contextlib.suppress(StoreFailure):
                refused = Waiting("Refused", redacted(str(error)))
                await self._report(schedule, replace(plan, outcome=refused, last=None), snapshots)
            raise
        await self._report(schedule, plan, snapshots)
        if plan.next is None:
            return Next(plan.outcome.after if isinstance(plan.outcome, Waiting) else None)
        return Next(min(LOOK_AGAIN, max(1.0, (plan.next - now).total_seconds())))

    looks_at_many = True

    def forget(self, key: Key) -> None:
        """Remembers nothing."""

    async def _find_again(self, schedule: SnapshotSchedule) -> list[Snapshot]:
        """Makes the Snapshots again that an index which was lost had, and returns them: their data is in the disks. Where these
        cannot be read, it says so, and the schedule goes on without them."""
        if self._host is None:
            return []
        known = {snapshot.identity for snapshot in await self._store.list(Snapshot)}
        lost = [note for note in await self._host.snapshot_notes() if note.uid not in known]
        try:
            tags = await self._host.snapshot_tags(sorted({path for note in lost for _, path in note.disks}))
        except DriverError as error:
            why = f"snapshots that the index has lost cannot be looked for: {error}"
            await self._store.record_event(schedule.key, "Warning", "NotLookedFor", why)
            return []
        found = found_again(schedule, lost, tags)
        for snapshot in found:
            await self._store.apply_owned(snapshot)
            words = f"snapshot {snapshot.metadata.name}: the disks of machine {snapshot.spec.machine_ref.name} hold it"
            await self._store.record_event(schedule.key, "Normal", "Found", words)
        return found

    async def _execute(self, schedule: SnapshotSchedule, action: ScheduleAction) -> None:
        match action:
            case CreateSnapshot(snapshot, reason):
                await self._store.apply_owned(snapshot)
                await self._store.record_event(schedule.key, "Normal", "Created", f"snapshot {snapshot.metadata.name}: {reason}")
            case PruneSnapshot(snapshot, reason):
                await self._store.delete_owned(snapshot.key, {})
                await self._store.record_event(schedule.key, "Normal", "Pruned", f"snapshot {snapshot.metadata.name}: {reason}")
            case ReleaseSchedule(reason):
                await self._store.record_event(schedule.key, "Normal", "Deleted", reason)
                await self._store.release(schedule.key, schedule.metadata.uid)

    async def _report(self, schedule: SnapshotSchedule, plan: SchedulePlan, snapshots: Sequence[Snapshot]) -> None:
        before, say, outcome = schedule.status or SnapshotScheduleStatus(), sayer(schedule.metadata.generation), plan.outcome
        conditions = [say(READY, isinstance(outcome, Converged), outcome.reason, outcome.message)]
        if isinstance(outcome, Stalled):
            conditions.append(say(STALLED, True, outcome.reason, outcome.message))
        elif not isinstance(outcome, Converged):
            conditions.append(say(RECONCILING, True, outcome.reason, outcome.message))
        if failure := failure_of(schedule, snapshots):
            conditions.append(say(SNAPSHOT_FAILURE, True, "SnapshotFailed", failure))
        status = SnapshotScheduleStatus(
            observed_generation=schedule.metadata.generation,
            conditions=merge_conditions(before.conditions, conditions, timestamp()),
            last_time=rfc3339(plan.last) if plan.last else before.last_time,
            next_time=rfc3339(plan.next) if plan.next else None,
            snapshots=sum(is_taken(one) for one in snapshots if belongs_to(one, schedule)),
        )
        if status != schedule.status:
            await self._store.write_status(schedule.key, schedule.metadata.uid, status)
