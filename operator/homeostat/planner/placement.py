"""Which host a machine is placed on, once and forever. Pure.

Of the hosts that may take it, the one with the least promised memory. More may be promised than there is, as in standalone mode:
guests take what they use. A host that cannot start a machine says so in its status.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from homeostat.models.base import API_GROUP
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.machine import VirtualMachine
from homeostat.models.quantity import format_quantity

from .plan import Waiting

PLACEMENTS = f"{API_GROUP}/placements"
"""An annotation of a stateful deployment: JSON, host by machine. Disks that outlive their machine stay on its host, and so must
the next machine of that index."""
HOST_FINALIZER = f".host.{API_GROUP}/teardown"
"""The end of a finalizer that places a machine; the host's name is before it."""


def host_finalizer(host: str) -> str:
    """Returns the finalizer that places a machine on a host. It also holds the machine until that host has cleaned up. Only the
    host that it names runs the machine."""
    return f"{host}{HOST_FINALIZER}"


def host_of(finalizers: Sequence[str]) -> str | None:
    """Returns the host that a machine is placed on."""
    return next(iter(hosts_of(finalizers)), None)


def hosts_of(finalizers: Sequence[str]) -> list[str]:
    """Returns the hosts that a stateful deployment may have disks on."""
    return [f.removesuffix(HOST_FINALIZER) for f in finalizers if f.endswith(HOST_FINALIZER)]


@dataclass(frozen=True, slots=True)
class Offer:
    """One host. ``closed`` says why it takes no machines; empty: it does. Memory in bytes; ``memory`` 0: not known."""

    name: str
    labels: Mapping[str, str]
    closed: str = ""
    memory: int = 0
    promised: int = 0  # to the machines that are placed there

    def refusal(self, machine: VirtualMachine, memory: int) -> str:
        """Says why this machine cannot go there; empty: it can."""
        wanted = machine.spec.host_selector
        lacking = [f"{name}={value}" for name, value in wanted.items() if self.labels.get(name) != value]
        if lacking:
            return f"lacks the label {', '.join(lacking)}"
        if self.closed:
            return self.closed
        if self.memory and memory > self.memory:
            return f"has {format_quantity(self.memory)} of memory, {format_quantity(memory)} are needed"
        return ""


def placements_of(deployment: VirtualMachineDeployment) -> Mapping[str, str]:
    """Returns where the machines of a stateful deployment have their disks: host by machine.

    Raises:
        ValueError: the annotation has another form.
    """
    try:
        found = json.loads(deployment.metadata.annotations.get(PLACEMENTS) or "{}")
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(found, dict) or not all(isinstance(host, str) for host in found.values()):
        raise ValueError("not an object of host names")
    return found


def choose_bound(machine: VirtualMachine, memory: int, offers: Sequence[Offer], host: str) -> Offer | Waiting:
    """Chooses like choose_host, for a machine whose disks are on a host already."""
    offer = next((offer for offer in offers if offer.name == host), None)
    if offer is None:
        how = f"add the host again, or give the disks up by taking the machine out of the deployment's annotation {PLACEMENTS}"
        return Waiting("HostGone", f"its disks are on host {host}, which is no more: {how}")
    refusal = offer.refusal(machine, memory)
    return Waiting("HostNotReady", f"its disks are on host {host}, which {refusal}") if refusal else offer


def choose_host(machine: VirtualMachine, memory: int, offers: Sequence[Offer]) -> Offer | Waiting:
    """Returns the host to place it on, or why there is none. ``memory``: bytes that it needs."""
    refusals = {offer.name: offer.refusal(machine, memory) for offer in offers}
    open_ = [offer for offer in offers if not refusals[offer.name]]
    if open_:
        return min(open_, key=lambda offer: ((offer.promised + memory) / (offer.memory or 2**60), offer.promised, offer.name))
    if not offers:
        return Waiting("NoHosts", "there are no hosts: start an operator beside a libvirt, or create a Host")
    said = [f"{name} {why}" for name, why in sorted(refusals.items())]
    more = f", and {len(said) - 3} more" if len(said) > 3 else ""
    return Waiting("NoHostMatches", f"no host takes it: {', '.join(said[:3])}{more}")
