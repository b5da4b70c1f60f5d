"""One reconcile of one Network on one host, on one page: observe → plan → execute → write status once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from homeostat.driver import faults
from homeostat.driver.errors import DriverError
from homeostat.models.base import Key
from homeostat.models.host import Host
from homeostat.models.network import Network, NetworkOnHost, NetworkStatus
from homeostat.planner.network import actions as act
from homeostat.planner.network import plan_network
from homeostat.planner.network.identity import network_name
from homeostat.planner.network.observed import NetworkSeen
from homeostat.planner.network.plan import POLL_SECONDS, NetworkPlan
from homeostat.planner.plan import Stalled, Waiting

from ..engine.clock import timestamp
from ..engine.dependencies import Dependencies
from ..engine.ports import Happening, ResourceStore
from ..engine.reconciler import GONE, Next
from ..hypervisor import NetworksOf
from .observe import observe_network
from .status import network_status, on_host, steps_taken, transitions

log = logging.getLogger(__name__)

NETWORKS = "networks"
"""What every Network rests on: the libvirt networks of the host."""


class NetworkReconciler:
    """Reconciles Networks on one host, one after the other: each must see which addresses those before it took."""

    def __init__(
        self,
        store: ResourceStore,
        host: NetworksOf,
        dependencies: Dependencies,
        instance: str,
        fence: Callable[[], None] = lambda: None,
        rival: Callable[[], Stalled | None] = lambda: None,
    ) -> None:
        """Takes ``instance``, the store's, for records. ``rival`` says whether another operator acts on this host."""
        self._store, self._host, self._dependencies = store, host, dependencies
        self._instance, self._fence, self._rival = instance, fence, rival
        self._alone = asyncio.Lock()

    async def reconcile(self, network: Network) -> Next:
        """Reconciles one when no other is. Raises what ``take_further`` raises."""
        async with self._alone:
            return await self.take_further(network)

    async def take_further(self, network: Network) -> Next:
        """Takes the network one plan further on this host, and returns when to reconcile it again.

        Raises:
            DriverError: a step failed. The status says which one, and the caller retries with backoff.
        """
        here = Key(Host.KIND, "default", self._host.facts.name)
        self._dependencies.rest(network.key, "host", [NETWORKS, here])  # its labels, too
        seen, machines = await observe_network(network, self._store, self._host)
        plan = self._plan(network, seen)
        error = await self._execute(network, plan)
        known = network_name(network) in seen.networks
        happenings = [] if error is not None else list(steps_taken(plan.actions, known, seen.host.name))
        if error is None and any(isinstance(action, act.ReleaseNetwork) for action in plan.actions):
            await self._release(network, happenings)
            return GONE
        if plan.actions:
            seen, machines = await observe_network(network, self._store, self._host)
            plan = self._plan(network, seen)
        await self._report(network, on_host(network, seen, plan, error), machines, happenings)
        if error is not None:
            error.told = True
            raise error
        return Next(0.0 if plan.actions else self._poll_after(plan))

    async def take_down(self, network: Network) -> str:
        """Takes it off this host, although a document declares it. One that is adopted stays as it is. Returns why it is still
        there; empty: it is not."""
        async with self._alone:
            ending = network.metadata.model_copy(update={"deletion_timestamp": timestamp()})
            seen, _ = await observe_network(network, self._store, self._host)
            plan = self._plan(network.model_copy(update={"metadata": ending}), replace(seen, users={}))
            if error := await self._execute(network, plan):
                return str(error)
            if isinstance(plan.outcome, Stalled) or plan.holders:
                return plan.outcome.message
            for one in steps_taken(plan.actions, True, seen.host.name):
                await self._store.record_event(network.key, one.type, one.reason, one.message, one.fields)
            await self._store.write_status(network.key, network.metadata.uid, NetworkStatus())
            return ""

    def unseen(self, network: Network, error: DriverError) -> NetworkStatus:
        """Returns the status of one that cannot be looked at on this host. It does not count as up here."""
        before = network.status or NetworkStatus()
        known = {host.name: host for host in before.hosts}
        name = self._host.facts.name
        here = known.get(name) or NetworkOnHost(name=name, network=network_name(network))
        known[name] = here.model_copy(update={"active": False, "reason": error.reason, "message": str(error)})
        return network_status(network, tuple(known.values()), before.machines, timestamp())

    looks_at_many = False

    def forget(self, key: Key) -> None:
        """Does nothing: it remembers nothing."""

    def _plan(self, network: Network, seen: NetworkSeen) -> NetworkPlan:
        rival = self._rival()
        return NetworkPlan(outcome=rival) if rival is not None else plan_network(network, seen, self._instance)

    async def _execute(self, network: Network, plan: NetworkPlan) -> DriverError | None:
        """Carries the plan out in order. The first failure ends it, and is returned."""
        for action in plan.actions:
            if isinstance(action, act.ReleaseNetwork):
                continue
            log.debug("%s: %s: %s", network.key, type(action).__name__, action.reason)
            self._fence()
            try:
                await self._host.change_network(action)
            except DriverError as error:
                log.warning("%s: %s failed: %s", network.key, type(action).__name__, error)
                return error
        return None

    async def _release(self, network: Network, happenings: Sequence[Happening]) -> None:
        for one in happenings:
            await self._store.record_event(network.key, one.type, one.reason, one.message, one.fields)
        kept = "the adopted network stays as it is" if network.spec.adopt else "nothing of it is left"
        await self._store.record_event(network.key, "Normal", "Deleted", f"{kept} on host {self._host.facts.name}")
        with faults.around(act.ReleaseNetwork("teardown is complete")):
            await self._store.release(network.key, network.metadata.uid)

    async def _report(self, network: Network, here: NetworkOnHost | None, machines: int, happenings: Sequence[Happening]) -> None:
        """Writes the status and the events. What other hosts wrote stays."""
        name, before = self._host.facts.name, network.status or NetworkStatus()
        others = [host for host in before.hosts if host.name != name]
        status = network_status(network, [*others, *([here] if here else [])], machines, timestamp())
        told_of = (*happenings, *transitions(network.status, status))
        changed = status != network.status
        if told_of or changed:
            await self._store.report(network.key, network.metadata.uid, status if changed else None, told_of)

    def _poll_after(self, plan: NetworkPlan) -> float | None:
        """Returns the seconds until the next look. No event tells that a guest has left a network."""
        if isinstance(plan.outcome, Waiting):
            return plan.outcome.after
        return POLL_SECONDS if plan.pending else None
