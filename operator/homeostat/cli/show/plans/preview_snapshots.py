"""The plans of all Snapshots and their schedules, made of what their machines will be by then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from homeostat.driver.errors import DriverError
from homeostat.models.base import Key, Resource
from homeostat.models.machine import VirtualMachine
from homeostat.models.schedule import SnapshotSchedule
from homeostat.models.snapshot import Snapshot
from homeostat.planner.actions import ReleaseResource, TakeSnapshot
from homeostat.planner.machine.restore import NOT_TAKEN, untaken
from homeostat.planner.observed import Observed, Restore
from homeostat.planner.plan import Plan, Stalled, Waiting
from homeostat.planner.schedule import plan_schedule
from homeostat.planner.snapshot import plan_snapshot
from homeostat.planner.snapshot.observed import ObservedSnapshot, own_disks
from homeostat.planner.snapshot.plan import SnapshotPlan
from homeostat.runtime.machine.observe import own_domain
from homeostat.runtime.snapshot.observe import machine_key, observe_snapshot
from homeostat.store.files.store import FilesStore

from .preview_host import PreviewHost
from .render_snapshot import ScheduleEntry, SnapshotEntry


@dataclass(slots=True)
class SnapshotForesight:
    """Plans the Snapshots once. ``at``: the host of a machine; of none, any."""

    store: FilesStore
    at: Callable[[VirtualMachine | None], PreviewHost]
    ends: dict[Key, Observed | None] = field(default_factory=dict)  # by machine: what will be observed; None: it will be gone

    def machine(self, machine: VirtualMachine, plan: Plan, end: Observed) -> None:
        """Takes in what a machine will be once its plan is carried out."""
        gone = any(isinstance(action, ReleaseResource) for action in plan.actions)
        self.ends[machine.key] = None if gone else end

    async def to_go_back_to(self, machine: VirtualMachine, plan: Plan, end: Observed) -> Restore | Waiting | Stalled | None:
        """Returns the snapshot that the machine waits for to go back to, where it is taken once the machine's plan is carried
        out; or that it cannot be taken. None: neither, or the machine waits for none."""
        wanted = machine.spec.restore_from
        if wanted is None or plan.outcome.reason != NOT_TAKEN:
            return None
        snapshot = await self.store.get(Snapshot, Key(Snapshot.KIND, machine.metadata.namespace, wanted.snapshot))
        if snapshot is None:
            return None
        self.machine(machine, plan, end)
        taking = await self._plan(snapshot)
        for action in taking.actions:
            if isinstance(action, TakeSnapshot):
                return Restore(action.uid, action.tag, action.disks, action.memory, "just before")
        return untaken(machine, wanted.snapshot, taking.outcome.message) if isinstance(taking.outcome, Stalled) else None

    async def snapshots(self, places: Mapping[Key, str]) -> list[SnapshotEntry]:
        return [SnapshotEntry(one, await self._plan(one), places.get(one.key, "")) for one in await self.store.list(Snapshot)]

    async def schedules(
        self, places: Mapping[Key, str], changes: Callable[[Resource], Mapping[str, tuple[object, object]]]
    ) -> list[ScheduleEntry]:
        """Plans the schedules. ``changes`` of a spec that no operator has seen yet."""
        found = []
        for one in await self.store.list(SnapshotSchedule):
            snapshots = await self.store.list(Snapshot, one.metadata.namespace)
            plan, name = plan_schedule(one, snapshots, datetime.now(UTC)), one.spec.template.spec.machine_ref.name
            machine = await self.store.get(VirtualMachine, Key(VirtualMachine.KIND, one.metadata.namespace, name))
            missing = machine is None or machine.deleting
            lack = f"there is no machine {name!r} in namespace {one.metadata.namespace}" if machine is None else f"{name} goes"
            doubt = f"spec.template.spec.machineRef: {lack}: nothing can be taken of it" if missing and not one.deleting else ""
            found.append(ScheduleEntry(one, plan, changes(one), places.get(one.key, ""), doubt))
        return found

    async def _plan(self, snapshot: Snapshot) -> SnapshotPlan:
        machine = await self.store.get(VirtualMachine, machine_key(snapshot))
        if self.at(machine).unseen:
            return self._unseen(snapshot, machine)
        try:
            seen = await observe_snapshot(snapshot, machine, self.at(machine).host)
        except DriverError as error:
            return SnapshotPlan(outcome=Stalled(error.reason, str(error)))
        return plan_snapshot(snapshot, self._then(seen))

    def _unseen(self, snapshot: Snapshot, machine: VirtualMachine | None) -> SnapshotPlan:
        """Says what is wrong, where the disks are on another computer. Whether they hold it nobody knows here."""
        host = self.at(machine).host
        domain = own_domain(machine, host) if machine is not None else None
        tags = {path: () for _, path, _ in (own_disks(domain) if domain is not None else ())}
        plan = plan_snapshot(snapshot, self._then(ObservedSnapshot(host.facts, machine, domain, tags=tags)))
        return plan if isinstance(plan.outcome, Stalled) else SnapshotPlan()

    def _then(self, seen: ObservedSnapshot) -> ObservedSnapshot:
        """Returns what will be observed once the plan of its machine is carried out: a guest that is started has its agent."""
        machine = seen.machine
        if machine is None or machine.key not in self.ends:
            return seen
        end, now = self.ends[machine.key], seen.domain
        if end is None:
            return replace(seen, machine=None, domain=None)
        domain = end.domain
        if domain is None:
            return replace(seen, domain=None)
        if domain.state.active and not (now is not None and now.state.active):
            domain = replace(domain, agent=True)
        present = {path for _, path, _ in (own_disks(now) if now is not None else ())}
        coming = {path: () for _, path, _ in own_disks(domain) if path not in present}
        return replace(seen, domain=domain, tags={**coming, **seen.tags})
