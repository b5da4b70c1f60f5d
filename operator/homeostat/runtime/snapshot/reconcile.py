"""One reconcile of one snapshot: observe → plan → execute → write status once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from homeostat.driver import faults
from homeostat.driver.errors import DriverError
from homeostat.models.base import Key
from homeostat.models.machine import VirtualMachine
from homeostat.models.snapshot import Snapshot
from homeostat.planner.actions import ReleaseResource
from homeostat.planner.machine.identity import domain_uuid
from homeostat.planner.plan import Stalled, Waiting
from homeostat.planner.snapshot import plan_snapshot
from homeostat.planner.snapshot.observed import ObservedSnapshot
from homeostat.planner.snapshot.plan import SnapshotPlan

from ..engine.clock import timestamp
from ..engine.dependencies import Dependencies
from ..engine.ports import Happening, ResourceStore
from ..engine.reconciler import GONE, Next
from ..machine.domains import DomainOf
from .observe import SnapshotHost, disks_holding, machine_key, observe_snapshot
from .status import snapshot_status

log = logging.getLogger(__name__)


class SnapshotReconciler:
    """Reconciles the snapshots of the machines on one host."""

    def __init__(
        self,
        store: ResourceStore,
        host: SnapshotHost,
        dependencies: Dependencies,
        rival: Callable[[], Stalled | None],
        fence: Callable[[], None],
    ) -> None:
        self._store, self._host, self._dependencies = store, host, dependencies
        self._rival, self._fence = rival, fence

    async def reconcile(self, snapshot: Snapshot) -> Next:
        """Takes the snapshot one plan further, and returns when to reconcile it again.

        Raises:
            DriverError: a step failed. The status says which one, and the caller retries with backoff.
        """
        observed = await self._observe(snapshot)
        plan = plan_snapshot(snapshot, observed)
        error = await self._execute(plan)
        if error is None and any(isinstance(action, ReleaseResource) for action in plan.actions):
            await self._released(snapshot)
            return GONE
        acted = bool(plan.actions)
        if acted and error is None:
            observed = await self._observe(snapshot)
            plan = plan_snapshot(snapshot, observed)
        await self._report(snapshot, observed, plan, error)
        if error is not None:
            error.told = True
            raise error
        return Next(0.0 if plan.actions else plan.outcome.after if isinstance(plan.outcome, Waiting) else None, moved=acted)

    looks_at_many = False

    def forget(self, key: Key) -> None:
        """Remembers nothing."""

    async def _observe(self, snapshot: Snapshot) -> ObservedSnapshot:
        name = machine_key(snapshot)
        machine = await self._store.get(VirtualMachine, name)
        on = [name] if machine is None else [name, DomainOf(domain_uuid(machine.identity))]
        self._dependencies.rest(snapshot.key, "machine", on)
        observed = await observe_snapshot(snapshot, machine, self._host)
        self._dependencies.rest(snapshot.key, "disks", disks_holding(observed))
        return replace(observed, rival=self._rival())

    async def _execute(self, plan: SnapshotPlan) -> DriverError | None:
        """Carries the plan out in order. The first failure ends it, and is returned."""
        for action in plan.actions:
            if isinstance(action, ReleaseResource):
                continue
            self._fence()
            try:
                await self._host.execute(action)
            except DriverError as error:
                log.warning("%s failed: %s", type(action).__name__, error)
                return error
        return None

    async def _released(self, snapshot: Snapshot) -> None:
        await self._store.record_event(snapshot.key, "Normal", "Deleted", "its data is gone")
        with faults.around(ReleaseResource("its data is gone")):
            await self._store.release(snapshot.key, snapshot.metadata.uid)

    async def _report(
        self, snapshot: Snapshot, observed: ObservedSnapshot, plan: SnapshotPlan, error: DriverError | None
    ) -> None:
        status = snapshot_status(snapshot, observed, plan, error, timestamp())
        if status == snapshot.status:
            return
        happenings = []
        if status.taken_at and (snapshot.status is None or not snapshot.status.taken_at):
            words = f"taken of machine {snapshot.spec.machine_ref.name} ({status.consistency})"
            happenings.append(Happening("Normal", "Taken", words))
        if error is not None:
            happenings.append(Happening("Warning", "Failed", str(error)))
        await self._store.report(snapshot.key, snapshot.metadata.uid, status, happenings)
