"""Where each machine and each Disk of a folder is, or would be placed, where there are several hosts: what `up` would choose
now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from homeostat.assembly.whereabouts import Whereabouts
from homeostat.models.base import Key
from homeostat.models.disk import Disk
from homeostat.models.host import Host
from homeostat.models.machine import VirtualMachine
from homeostat.planner.machine.identity import domain_uuid
from homeostat.planner.observed import HostFacts
from homeostat.planner.placement import Offer, choose_host, host_of, labels_of
from homeostat.planner.plan import Stalled, Waiting
from homeostat.runtime.disk.placement import DiskPlacer
from homeostat.runtime.host.deserted import OPERATOR_GONE, STAYS, unserved
from homeostat.runtime.hypervisor import Domains
from homeostat.runtime.machine.demands import demands_of
from homeostat.runtime.machine.effective import Effective
from homeostat.store.files.placing import PlacedFiles

Place: TypeAlias = str | Waiting | Stalled
"""A host, or why there is none."""


async def foreseen_places(store: PlacedFiles, hosts: Mapping[str, Domains], whereabouts: Whereabouts) -> dict[Key, Place]:
    """Returns the host of every machine and every Disk, or why it has none. With a new index the hosts are asked what they have,
    as by `up`. Disks are placed in ``store``, which is a copy."""
    whereabouts.settled = True
    if not whereabouts.unasked:
        await whereabouts.ask()
    effective, machines = Effective(store, once=True), await store.list(VirtualMachine)
    memory = {machine.key: (await effective.machine(machine))[0].spec.resources.memory for machine in machines}
    offers = {name: _offer(name, await store.get(Host, Key(Host.KIND, "default", name)), hosts[name].facts) for name in hosts}
    found: dict[Key, Place] = {}

    def note(key: Key, host: str) -> None:
        found[key] = host
        offers[host] = replace(offers[host], promised=offers[host].promised + memory[key])

    for machine in machines:
        placed = host_of(machine.metadata.finalizers) or whereabouts.located(machine)
        if isinstance(placed, Waiting):
            found[machine.key] = placed
        elif placed in offers:
            note(machine.key, placed)
            if hosts[placed].facts.reachable and hosts[placed].domain(domain_uuid(machine.identity)) is None:
                found[machine.key] = whereabouts.elsewhere(machine, placed) or placed
        elif placed is not None:
            found[machine.key] = Waiting(OPERATOR_GONE, f"{unserved(placed)}: {STAYS[VirtualMachine]}")
    await _place_disks(store, _Offering(effective, offers), whereabouts, found)
    for machine in machines:
        if machine.key not in found:
            named = await demands_of((await effective.machine(machine))[0], store)
            if isinstance(named, Waiting | Stalled):
                found[machine.key] = named
                continue
            chosen = choose_host(machine, memory[machine.key], list(offers.values()), named)
            if isinstance(chosen, Waiting | Stalled):
                found[machine.key] = chosen
            else:
                note(machine.key, chosen.name)
    return found


@dataclass(frozen=True, slots=True)
class _Offering:
    """What a Placer would know."""

    effective: Effective
    offered: Mapping[str, Offer]

    def offers(self) -> Sequence[Offer]:
        return list(self.offered.values())

    async def needs(self, machine: VirtualMachine) -> tuple[VirtualMachine, int]:
        whole, _ = await self.effective.machine(machine)
        return whole, whole.spec.resources.memory


async def _place_disks(store: PlacedFiles, offering: _Offering, whereabouts: Whereabouts, found: dict[Key, Place]) -> None:
    placer = DiskPlacer(
        store, offering, lambda host: host not in offering.offered, whereabouts.located_disk, one_folder=True, patience=0.0
    )
    for disk in in_order([*await store.list(Disk)]):
        host: Place | None = host_of(disk.metadata.finalizers)
        if host is None:
            host = await placer.choose(disk)
            if isinstance(host, str):
                await store.place(disk.key, disk.metadata.uid, host)
        elif host not in offering.offered:
            host = Waiting(OPERATOR_GONE, f"{unserved(str(host))}: {STAYS[Disk]}")
        if host is not None:
            found[disk.key] = host


def in_order(disks: list[Disk]) -> list[Disk]:
    """Returns the Disks so that a copy comes after its source."""
    by_key, found = {disk.key: disk for disk in disks}, dict[Key, Disk]()

    def add(disk: Disk, below: frozenset[Key]) -> None:
        source = disk.spec.source
        if source is not None and source.disk_ref is not None:
            origin = by_key.get(Key(Disk.KIND, disk.metadata.namespace, source.disk_ref.name))
            if origin is not None and origin.key not in below:
                add(origin, below | {disk.key})
        found.setdefault(disk.key, disk)

    for disk in disks:
        add(disk, frozenset({disk.key}))
    return list(found.values())


def _offer(name: str, host: Host | None, facts: HostFacts) -> Offer:
    """Returns what a host will offer once `up` serves it."""
    return Offer(name, labels_of(name, host.metadata.labels if host else {}), _closed(host, facts), facts.memory)


def _closed(host: Host | None, facts: HostFacts) -> str:
    if host and host.deleting:
        return "is being deleted"
    if not facts.reachable:
        return "cannot be reached"
    return "is in maintenance" if host and host.spec.maintenance else ""
