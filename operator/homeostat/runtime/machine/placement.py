"""One reconcile of one machine that is not placed yet, on one page: look at the hosts → choose → place, or say why not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from homeostat.models.base import Key
from homeostat.models.condition import READY, RECONCILING, STALLED, find_condition
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.host import SCHEDULABLE, Host, HostStatus
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine, VirtualMachineSpec, VirtualMachineStatus
from homeostat.models.network import Network
from homeostat.planner.placement import PLACEMENTS, Demand, Offer, choose_bound, choose_host, labels_of, placements_of
from homeostat.planner.plan import Stalled, Waiting

from ..deployment.ownership import owner_key
from ..engine.clock import timestamp
from ..engine.ports import ResourceStore
from ..engine.reconciler import Next
from ..host.deserted import OPERATOR_GONE, Deserted, status_with
from .demands import demands_of
from .effective import Effective
from .status import ON_ANOTHER_HOST, unknown_status

RETRY_SECONDS = 30.0
"""Seconds between reconciles of a machine that no host took, unless an event of one causes an earlier one."""


Located = Callable[[VirtualMachine], str | Waiting | None]
"""The host that has the domain of a machine that is not placed, or why that cannot be known now. None: no host has it."""


class PlacingStore(ResourceStore, Protocol):
    async def place(self, key: Key, uid: str, host: str) -> bool:
        """Places a machine or a Disk, and tells whether it is on that host now. Only the first of several placements holds."""


class BindingStore(PlacingStore, Protocol):
    def exists(self, key: Key) -> bool:
        """Tells whether there is one, even if it cannot be read."""

    async def bind(self, deployment: Key, uid: str, machine: str, host: str) -> None:
        """Records forever which host a machine of a stateful deployment has its disks on."""


@dataclass(frozen=True, slots=True)
class _Placed:
    uid: str
    host: str
    memory: int  # bytes


class Placer:
    """Remembers what was placed where, so that a placement costs nothing per machine. ``host_of`` reads a machine's placement."""

    def __init__(
        self,
        store: BindingStore,
        hosts: Callable[[], Iterable[Host]],
        host_of: Callable[[VirtualMachine], str | None],
        is_gone: Callable[[str], bool],
        located: Located = lambda machine: None,
        places_deleted: bool = False,
        unserved: Callable[[Host], str] = lambda host: "",
    ) -> None:
        """Takes ``hosts``, all there are, and ``is_gone``: whether nobody serves a host any more, even if it is still
        declared. ``located``: see Located. ``places_deleted``: a machine that is deleted before it was placed is placed, too, so
        that a host clears what an earlier one left. ``unserved``: why it is not certain that somebody serves a host, whatever
        its status says; empty: it is."""
        self._unserved = unserved
        self._store = store
        self._effective = Effective(store)
        self._hosts = hosts
        self._offered: dict[str, Offer] | None = None  # by host, as of the last event of one; with nothing promised
        self._host_of = host_of
        self._is_gone = is_gone
        self._located = located
        self._places_deleted = places_deleted
        self._deserted = Deserted(VirtualMachine, store, is_gone, _unknown)
        self.doubt = self._deserted.doubt
        self._placed: dict[Key, _Placed] = {}
        self._promised: dict[str, int] = {}
        self._waiting: set[Key] = set()
        self._bound: dict[Key, Key] = {}  # of those that wait: the deployment that says where its disks are, or lets it go

    looks_at_many = False

    def waiting(self) -> Collection[Key]:
        """Returns the machines that no host took. Their statuses say why."""
        return frozenset(self._waiting)

    def woken_by(self, key: Key) -> Collection[Key]:
        """Returns the machines that no host took, when what a host offers changed, what their deployment says about their disks,
        or a Disk, a Network or an Image that one of them may name. Also returns those of a host that is gone, also when their
        deployment may let them go."""
        if key.kind == Host.KIND:
            before, self._offered = self._offered, self._all_offers()
            waiting = self._waiting if self._offered != before else ()
            return (*waiting, *(self.placed_on(key.name) if self._is_gone(key.name) else ()))
        if key.kind == VirtualMachineDeployment.KIND:
            return [machine for machine, keeper in self._bound.items() if keeper == key]
        if key.kind in (Disk.KIND, Network.KIND, Image.KIND):
            return [machine for machine in self._waiting if machine.namespace == key.namespace]
        return ()

    async def reconcile(self, machine: VirtualMachine) -> Next:
        key, host = machine.key, self._host_of(machine)
        if host is not None:
            self._note(key, _Placed(machine.metadata.uid, host, (await self.needs(machine))[1]))
            if self._is_gone(host):
                if machine.deleting and (owner := owner_key(machine)) is not None:
                    self._bound[key] = owner
                if await self._deserted.leave(machine, host):
                    self.forget(key)  # in a folder the next one of its name has its uid, and may go elsewhere
            return Next()
        if machine.deleting and not self._places_deleted:
            return Next()
        (whole, memory), keeper = await self.needs(machine), await self._keeper_of_disks(machine)
        offers = self.offers()
        before = self._located(machine) or self._former_host(machine, offers)
        chosen = before or (keeper if isinstance(keeper, Waiting) else await self._choose(whole, memory, offers, keeper))
        if isinstance(chosen, Waiting | Stalled):
            self._waiting.add(key)
            if keeper is not None and (owner := owner_key(machine)) is not None:
                self._bound[key] = owner
            await self._tell(machine, chosen)
            return Next((chosen.after if isinstance(chosen, Waiting) else None) or RETRY_SECONDS)
        if isinstance(keeper, VirtualMachineDeployment) and before is None and machine.metadata.name not in placements_of(keeper):
            await self._store.bind(keeper.key, keeper.metadata.uid, machine.metadata.name, chosen)
        await self._place(machine, _Placed(machine.metadata.uid, chosen, memory))
        return Next()

    def _former_host(self, machine: VirtualMachine, offers: Sequence[Offer]) -> str | None:
        """Returns the host that it was on before somebody removed our finalizer, as `kubectl replace` does with what a manifest
        does not name. Its guest may still run there, and on another host there would be a second one. It does not matter whether
        that host is open."""
        known = self._placed.get(machine.key)
        before = {
            machine.status.host if machine.status else None,
            known.host if known and known.uid == machine.metadata.uid else None,
        }
        return next((offer.name for offer in offers if offer.name in before), None)

    async def _choose(
        self, machine: VirtualMachine, memory: int, offers: Sequence[Offer], keeper: VirtualMachineDeployment | None
    ) -> str | Waiting | Stalled:
        """Takes ``machine`` with its plugin's part."""
        if machine.deleting:
            machine, memory, keeper = machine.model_copy(update={"spec": VirtualMachineSpec()}), 0, None
        named = await demands_of(machine, self._store)
        if isinstance(named, Waiting | Stalled):
            return named
        chosen = self._offer_for(machine, memory, offers, keeper, named)
        return chosen if isinstance(chosen, Waiting | Stalled) else chosen.name

    def _offer_for(
        self,
        machine: VirtualMachine,
        memory: int,
        offers: Sequence[Offer],
        keeper: VirtualMachineDeployment | None,
        named: Sequence[Demand],
    ) -> Offer | Waiting | Stalled:
        if keeper is None:
            return choose_host(machine, memory, offers, named)
        try:
            host = placements_of(keeper).get(machine.metadata.name)
        except ValueError as error:
            return Waiting("PlacementsUnreadable", f"annotation {PLACEMENTS} of its deployment cannot be read: {error}")
        if host is None:
            return choose_host(machine, memory, offers, named)
        return choose_bound(machine, memory, offers, host, named)

    async def _keeper_of_disks(self, machine: VirtualMachine) -> VirtualMachineDeployment | Waiting | None:
        """Returns the stateful deployment that a machine belongs to. One that cannot be read now may know about disks, so it is
        waited for."""
        owner = owner_key(machine)
        found = await self._store.get(VirtualMachineDeployment, owner) if owner else None
        if owner is not None and found is None and self._store.exists(owner):
            why = f"its deployment {owner.name} cannot be read, or is being migrated: its status says why"
            return Waiting("DeploymentUnreadable", why)
        return found if found is not None and found.spec.stateful else None

    async def _place(self, machine: VirtualMachine, placed: _Placed) -> None:
        """Places a machine. Its memory is promised first, because others are placed in the meantime."""
        self._note(machine.key, placed)
        there = False
        try:
            there = await self._store.place(machine.key, machine.metadata.uid, placed.host)
        finally:
            if not there:
                self.forget(machine.key)

    def forget(self, key: Key) -> None:
        """Forgets a machine that has gone."""
        self._waiting.discard(key)
        self._bound.pop(key, None)
        if (before := self._placed.pop(key, None)) is not None:
            self._promised[before.host] -= before.memory

    def placed_on(self, host: str) -> list[Key]:
        return [key for key, placed in self._placed.items() if placed.host == host]

    def _note(self, key: Key, placed: _Placed) -> None:
        self.forget(key)
        self._placed[key] = placed
        self._promised[placed.host] = self._promised.get(placed.host, 0) + placed.memory

    async def needs(self, machine: VirtualMachine) -> tuple[VirtualMachine, int]:
        """Returns the machine with its plugin's part, and its memory. A plugin that does not exist gives nothing: the machine's
        status says so."""
        machine, _ = await self._effective.machine(machine)
        return machine, machine.spec.resources.memory

    def offers(self) -> Sequence[Offer]:
        """Returns what each host offers, with the memory that is promised there."""
        if self._offered is None:
            self._offered = self._all_offers()
        return [replace(offer, promised=self._promised.get(name, 0)) for name, offer in self._offered.items()]

    def _all_offers(self) -> dict[str, Offer]:
        offers = {host.metadata.name: (_offer(host), self._unserved(host)) for host in self._hosts()}
        return {name: replace(offer, closed=offer.closed or unserved) for name, (offer, unserved) in offers.items()}

    async def _tell(self, machine: VirtualMachine, why: Waiting | Stalled) -> None:
        word = STALLED if isinstance(why, Stalled) else RECONCILING
        status = status_with(machine, {READY: "False", word: "True", "Scheduled": "False"}, why.reason, why.message)
        if status != machine.status:
            await self._store.write_status(machine.key, machine.metadata.uid, status)


def _offer(host: Host) -> Offer:
    name, capacity = host.metadata.name, host.status.capacity if host.status else None
    status = host.status or HostStatus()
    uploads, keeps, memory = frozenset(status.uploads), frozenset(status.keeps), capacity.memory if capacity else 0
    return Offer(
        name,
        labels_of(name, host.metadata.labels),
        _closed(host),
        memory,
        uploads=uploads,
        keeps=keeps,
        operator=status.operator or name,
    )


def unadmitted(machine: VirtualMachine, host: Host, others: Collection[str], made_here: bool) -> Waiting | None:
    """Says why a machine is not made on a host although it has the host's finalizer. Anybody may write that who may write
    machines. What was made there once (``made_here``) stays, whatever was said since. ``others``: the hosts that there are."""
    name, before = host.metadata.name, machine.status.host if machine.status else None
    if before != name and before in others:
        why = f"its domain is on host {before}, and its finalizer names host {name}, where it would be a second one"
        again = f"give it the finalizer of {before} again"
        return Waiting(ON_ANOTHER_HOST, f"{why}: {again}", RETRY_SECONDS)
    closed = "is being deleted" if host.deleting else "is in maintenance" if host.spec.maintenance else ""
    refusal = "" if made_here else replace(_offer(host), closed=closed).refusal(machine, 0)
    if not refusal:
        return None
    again = "delete the machine and make it again, so that it goes to another host"
    return Waiting("NoHostMatches", f"it is to be made on host {name}, which {refusal}: change that, or {again}", RETRY_SECONDS)


def runs_twice(domain: str, there: str, here: str, after: float) -> Waiting:
    """Says why a machine is not started on the host ``here``, where its domain is: it runs on the host ``there``."""
    why = (
        f"its domain runs on host {there}, and it is placed on host {here}, where it would run a second time: shut the guest "
        f"down on host {there}, and `virsh undefine {domain}` there (without its storage). If these are two names of one "
        "libvirt, name it once"
    )
    return Waiting(ON_ANOTHER_HOST, why, after)


def _unknown(machine: VirtualMachine, message: str) -> VirtualMachineStatus:
    return unknown_status(machine, OPERATOR_GONE, message, timestamp())


def _closed(host: Host) -> str:
    if host.deleting:
        return "is being deleted"
    if host.spec.maintenance:
        return "is in maintenance"
    said = find_condition(host.status.conditions, SCHEDULABLE) if host.status else None
    if said is None:
        return "is not served by any operator yet"
    return "" if said.status == "True" else said.message or "takes no machines"
