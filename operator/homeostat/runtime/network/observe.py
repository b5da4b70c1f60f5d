"""Gathers what a plan for one Network on one host rests on. It only reads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from homeostat.models.base import Key
from homeostat.models.host import Host
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.planner.machine.identity import domain_name
from homeostat.planner.network.identity import network_name
from homeostat.planner.network.observed import NetworkBeside, NetworkSeen
from homeostat.planner.placement import labels_of

from ..engine.ports import ResourceAccess
from ..hypervisor import NetworksOf
from .users import guests_by_network, told, users_of


async def observe_network(network: Network, store: ResourceAccess, host: NetworksOf) -> tuple[NetworkSeen, int]:
    """Returns what a plan rests on, and how many machines name the network.

    Raises:
        DriverError: the host's networks cannot be read.
    """
    facts, users = host.facts, await users_of(network, store)
    machines = sum(isinstance(user, VirtualMachine) for user in users)
    if not facts.reachable:
        return NetworkSeen(facts), machines
    labels, guests = await _labels_of(host, store), guests_by_network(host)
    seen = NetworkSeen(
        host=facts,
        networks=await host.networks(),
        users={told(user, network): domain_name(user) if isinstance(user, VirtualMachine) else "" for user in users},
        guests=guests.get(network_name(network), ()),
        unselected=_unselected(network, facts.name, labels),
        rival=await _rival_of(network, store, facts.name, labels),
        beside=tuple([one async for one in _beside(network, store, facts.name, labels, guests)]),
    )
    return seen, machines


async def _beside(
    network: Network,
    store: ResourceAccess,
    host: str,
    labels: Mapping[str, str],
    guests: Mapping[str, tuple[str, ...]],
) -> AsyncIterator[NetworkBeside]:
    """Yields the other Networks that the host is to have."""
    for other in await store.list(Network):
        if other.key == network.key or other.deleting or _unselected(other, host, labels):
            continue
        if not await _rival_of(other, store, host, labels):
            yield NetworkBeside(other, guests.get(network_name(other), ()))


async def _labels_of(host: NetworksOf, store: ResourceAccess) -> Mapping[str, str]:
    """Returns the host's labels: those that it was started with, or those of its Host, whose name is one of them."""
    facts = host.facts
    if facts.labels is not None:
        return facts.labels
    declared = await store.get(Host, Key(Host.KIND, "default", facts.name))
    return labels_of(facts.name, declared.metadata.labels if declared is not None else {})


def _unselected(network: Network, host: str, labels: Mapping[str, str]) -> str:
    """Says why this host is not to have it; empty: it is."""
    lacking = [f"{key}={value}" for key, value in network.spec.host_selector.items() if labels.get(key) != value]
    return f"host {host} lacks the label {', '.join(lacking)}" if lacking else ""


async def _rival_of(network: Network, store: ResourceAccess, host: str, labels: Mapping[str, str]) -> str:
    """Returns the Network that adopted the same libvirt network before this one. The earlier one keeps it."""
    if not network.spec.adopt:
        return ""
    for other in await store.list(Network):
        same = other.key != network.key and other.spec.adopt == network.spec.adopt
        if same and _age(other) < _age(network) and not _unselected(other, host, labels):
            return f"{other.metadata.namespace}/{other.metadata.name}"
    return ""


def _age(network: Network) -> tuple[str, str, str]:
    meta = network.metadata
    return meta.creation_timestamp or "", meta.namespace, meta.name
