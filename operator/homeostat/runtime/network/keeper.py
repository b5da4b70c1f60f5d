"""The controller's reconcile of a Network that several hosts may have: lets it go once no host has it any more."""

from __future__ import annotations

from collections.abc import Callable

from homeostat.models.base import Key
from homeostat.models.host import Host
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network, NetworkStatus
from homeostat.planner.network.plan import POLL_SECONDS
from homeostat.planner.placement import hosts_of

from ..engine.clock import timestamp
from ..engine.ports import ResourceStore
from ..engine.reconciler import GONE, Next
from .status import network_status
from .users import users_of


class NetworkKeeper:
    """Each host has its own finalizer on a Network that is there. ``exists`` tells whether a Host does: with one that was deleted
    goes whatever it had."""

    def __init__(self, store: ResourceStore, exists: Callable[[Key], bool]) -> None:
        self._store, self._exists = store, exists

    async def reconcile(self, network: Network) -> Next:
        """Removes from the status what no host says any more, and releases a Network that is being deleted after the last
        host."""
        meta, before = network.metadata, network.status or NetworkStatus()
        holding = [host for host in hosts_of(meta.finalizers) if self._exists(Key(Host.KIND, "default", host))]
        if network.deleting and not holding:
            await self._store.record_event(network.key, "Normal", "Deleted", "no host has it any more")
            await self._store.release(network.key, meta.uid)
            return GONE
        told = [host for host in before.hosts if host.name in holding]
        if not holding or len(told) < len(before.hosts):
            machines = sum(isinstance(user, VirtualMachine) for user in await users_of(network, self._store))
            status = network_status(network, told, machines, timestamp())
            if status != network.status:
                await self._store.write_status(network.key, meta.uid, status)
        return Next(POLL_SECONDS if network.deleting else None)

    looks_at_many = False

    def forget(self, key: Key) -> None:
        """Does nothing: it remembers nothing."""
