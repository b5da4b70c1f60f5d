"""The controller's reconcile of a snapshot: says why no host has taken it up."""

from __future__ import annotations

from homeostat.models.base import Key
from homeostat.models.machine import VirtualMachine
from homeostat.models.snapshot import Snapshot
from homeostat.planner.observed import HostFacts
from homeostat.planner.placement import hosts_of
from homeostat.planner.snapshot import plan_snapshot
from homeostat.planner.snapshot.observed import ObservedSnapshot

from ..engine.clock import timestamp
from ..engine.ports import ResourceStore
from ..engine.reconciler import GONE, Next
from .status import snapshot_status

POLL_SECONDS = 5.0  # seconds between checks whether its machine was placed, which wakes the host and not us
NOWHERE = HostFacts(name="", reachable=True, uri="")


class SnapshotKeeper:
    """Looks after the snapshots that no host has, since their machine is not there or not placed yet."""

    def __init__(self, store: ResourceStore) -> None:
        self._store = store

    async def reconcile(self, snapshot: Snapshot) -> Next:
        """Reports why it waits, or lets it go: nothing was taken."""
        if hosts_of(snapshot.metadata.finalizers):
            return Next()
        if snapshot.deleting:
            await self._store.release(snapshot.key, snapshot.metadata.uid)
            return GONE
        key = Key(VirtualMachine.KIND, snapshot.metadata.namespace, snapshot.spec.machine_ref.name)
        machine = await self._store.get(VirtualMachine, key)
        if machine is not None and hosts_of(machine.metadata.finalizers):
            return Next(POLL_SECONDS)
        observed = ObservedSnapshot(NOWHERE, machine, None)
        status = snapshot_status(snapshot, observed, plan_snapshot(snapshot, observed), None, timestamp())
        if status != snapshot.status:
            await self._store.write_status(snapshot.key, snapshot.metadata.uid, status)
        return Next(POLL_SECONDS)

    looks_at_many = False

    def forget(self, key: Key) -> None:
        """Remembers nothing."""
