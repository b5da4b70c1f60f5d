"""Who uses a Network: resources that name it, and running machines that are plugged into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from homeostat.models.base import Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.kinds import kind_of
from homeostat.models.machine import VirtualMachine
from homeostat.models.machine_nics import Nic
from homeostat.models.network import Network
from homeostat.models.plugin import Plugin
from homeostat.planner.network.identity import network_name
from homeostat.planner.network.plugged import networks_named

from ..engine.ports import R
from ..hypervisor import Domains

NAMING: Sequence[type[Resource]] = (VirtualMachine, VirtualMachineDeployment, Plugin)
"""The kinds whose specs have nics."""


def nics_of(resource: Resource) -> tuple[Nic, ...]:
    """Returns the nics that a spec lists."""
    match resource:
        case VirtualMachine() | Plugin():
            return resource.spec.nics
        case VirtualMachineDeployment():
            return resource.spec.template.spec.nics
    return ()


class NetworkUsers(Protocol):
    """Any store."""

    async def list(self, kind: type[R], namespace: str | None = None) -> Sequence[R]: ...


async def users_of(network: Network, store: NetworkUsers) -> list[Resource]:
    """Returns what names it: by its own name in its namespace, or by libvirt's name in any."""
    name, found = network_name(network), []
    for kind in NAMING:
        for resource in await store.list(kind):
            nics, namespace = nics_of(resource), resource.metadata.namespace
            if network.key in networks_named(nics, namespace) or any(nic.network == name for nic in nics):
                found.append(resource)
    return found


def told(resource: Resource, beside: Network) -> str:
    """Returns its name, with its namespace where that is another one."""
    meta = resource.metadata
    place = "" if meta.namespace == beside.metadata.namespace else f"{meta.namespace}/"
    return f"{kind_of(resource).noun}/{place}{meta.name}"


def guests_by_network(host: Domains) -> Mapping[str, tuple[str, ...]]:
    """Returns the running domains of ours by the libvirt networks that they have a nic on."""
    found: dict[str, list[str]] = {}
    for domain in host.domains():
        if domain.state.active and domain.live is not None:
            for name in {nic.source for nic in domain.live.nics if nic.kind == "network"}:
                found.setdefault(name, []).append(domain.name)
    return {name: tuple(guests) for name, guests in found.items()}
