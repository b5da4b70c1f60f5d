"""The controller's reconcile of a snapshot: says why no host has taken it up."""

from __future__ import annotations

from collections.abc import Callable, Collection

from homeostat.models.base import Key
from homeostat.models.host import Host
from homeostat.models.machine import VirtualMachine
from homeostat.models.snapshot import Snapshot
from homeostat.planner.observed import HostFacts
from homeostat.planner.placement import host_of, hosts_of
from homeostat.planner.snapshot import plan_snapshot
from homeostat.planner.snapshot.observed import ObservedSnapshot

from ..engine.clock import timestamp
from ..engine.ports import ResourceStore
from ..engine.reconciler import GONE, Next
from ..host.deserted import Deserted
from .status import snapshot_status

POLL_SECONDS = 5.0  # seconds between checks whether its machine was placed, which wakes the host and not us
NOWHERE = HostFacts(name="", reachable=True, uri="")


class SnapshotKeeper:
    """Looks after the snapshots that no host has, since their machine is not there or not placed yet, and after those of hosts
    that nobody serves."""

    def __init__(self, store: ResourceStore, is_gone: Callable[[str], bool]) -> None:
        """Takes ``is_gone``: see Deserted."""
        self._store = store
        self._is_gone = is_gone
        self._placed = Deserted(Snapshot, store, is_gone)
        self.placed_on, self.doubt = self._placed.placed_on, self._placed.doubt

    async def reconcile(self, snapshot: Snapshot) -> Next:
        """Reports why it waits, or lets it go: nothing was taken."""
        if (host := host_of(snapshot.metadata.finalizers)) is not None:
            await self._placed.look(snapshot, host)
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

    def woken_by(self, key: Key) -> Collection[Key]:
        """Returns the snapshots on a host that is gone."""
        return self.placed_on(key.name) if key.kind == Host.KIND and self._is_gone(key.name) else ()

    def forget(self, key: Key) -> None:
        """Forgets one that has gone."""
        self._placed.forget(key)
