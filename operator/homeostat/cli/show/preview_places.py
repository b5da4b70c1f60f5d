"""Where each machine of a folder is, or would be placed, where there are several hosts: what `up` would choose now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from homeostat.assembly.whereabouts import Whereabouts
from homeostat.models.base import Key
from homeostat.models.host import Host
from homeostat.models.machine import VirtualMachine
from homeostat.planner.machine.identity import domain_uuid
from homeostat.planner.observed import HostFacts
from homeostat.planner.placement import Offer, choose_host, host_of
from homeostat.planner.plan import Waiting
from homeostat.runtime.hypervisor import Domains
from homeostat.runtime.machine.effective import Effective
from homeostat.runtime.machine.placement import unserved
from homeostat.store.files.store import FilesStore


async def foreseen_places(store: FilesStore, hosts: Mapping[str, Domains], whereabouts: Whereabouts) -> dict[Key, str | Waiting]:
    """Returns the host of every machine, or why it has none. With a new index the hosts are asked what they have, as by `up`."""
    whereabouts.settled = True
    if not whereabouts.unasked:
        await whereabouts.ask()
    effective, machines = Effective(store, once=True), await store.list(VirtualMachine)
    memory = {machine.key: (await effective.machine(machine))[0].spec.resources.memory for machine in machines}
    offers = {name: _offer(name, await store.get(Host, Key(Host.KIND, "default", name)), hosts[name].facts) for name in hosts}
    found: dict[Key, str | Waiting] = {}

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
            found[machine.key] = Waiting("OperatorGone", f"{unserved(placed)}: its guests run on, and nobody looks after them")
    for machine in machines:
        if machine.key not in found:
            chosen = choose_host(machine, memory[machine.key], list(offers.values()))
            if isinstance(chosen, Waiting):
                found[machine.key] = chosen
            else:
                note(machine.key, chosen.name)
    return found


def _offer(name: str, host: Host | None, facts: HostFacts) -> Offer:
    """Returns what a host will offer once `up` serves it."""
    labels = {"kubernetes.io/hostname": name, **(host.metadata.labels if host else {})}
    return Offer(name, labels, _closed(host, facts), facts.memory)


def _closed(host: Host | None, facts: HostFacts) -> str:
    if host and host.deleting:
        return "is being deleted"
    if not facts.reachable:
        return "cannot be reached"
    return "is in maintenance" if host and host.spec.maintenance else ""
