"""Which host a machine or a Disk is placed on, once and forever. Pure.

Of the hosts that may take it, the one with the least promised memory. More may be promised than there is, as in standalone mode:
guests take what they use. A host that cannot start a machine says so in its status.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from homeostat.models.base import API_GROUP
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.models.quantity import format_quantity

from .plan import Stalled, Waiting

SEVERAL_HOSTS = "OnSeveralHosts"  # the reason where what one machine names lies on more than one host
CONTRADICTION = "HostSelectorContradicts"  # the reason where something lies on a host that a selector excludes
DISK_NOT_READY = "DiskNotReady"  # the reason where a machine waits for a Disk
IMPOSSIBLE = frozenset({"NameInUse", "AdoptChanged", "Refused", "BridgeMissing", "BridgeTaken", "DeviceMissing", "AddressTaken"})
"""The reasons for which a host said that it cannot have a Network, until somebody changes something."""

HOSTNAME = "kubernetes.io/hostname"  # as Kubernetes labels its nodes
PLACEMENTS = f"{API_GROUP}/placements"
"""An annotation of a stateful deployment: JSON, host by machine. Disks that outlive their machine stay on its host, and so must
the next machine of that index."""
HOST_FINALIZER = f".host.{API_GROUP}/teardown"
"""The end of a finalizer that places a machine; the host's name is before it."""


def labels_of(host: str, labels: Mapping[str, str]) -> dict[str, str]:
    """Returns the labels that selectors are compared with: a host's own, and its name."""
    return {HOSTNAME: host, **labels}


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
class Demand:
    """What asks something of the host: a spec's own selector (``what`` is empty), or what a machine or a Disk names.

    ``host``: where it lies, so that no other host will do. ``labels``: those that a host must have. ``barred``: why single hosts
    cannot have it. ``upload``: the SHA-256 of an uploaded image, which lies on some hosts only; empty: there is none.
    """

    what: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    host: str | None = None
    barred: Mapping[str, str] = field(default_factory=dict)
    upload: str = ""

    def unmet(self, labels: Mapping[str, str]) -> str:
        """Says which of the labels are lacking; empty: none."""
        lacking = [f"{name}={value}" for name, value in self.labels.items() if labels.get(name) != value]
        asked = f", which {self.what} asks for" if self.what else ""
        return f"lacks the label {', '.join(lacking)}{asked}" if lacking else ""


@dataclass(frozen=True, slots=True)
class Offer:
    """One host. ``closed`` says why it takes no machines; empty: it does. Memory in bytes; ``memory`` 0: not known. ``uploads``:
    the SHA-256 of the uploaded images that lie there; None: of all. ``keeps``: the Disks whose files stay there when they go, as
    namespace/name. ``operator``: who serves it."""

    name: str
    labels: Mapping[str, str]
    closed: str = ""
    memory: int = 0
    promised: int = 0  # to the machines that are placed there
    uploads: frozenset[str] | None = None
    keeps: frozenset[str] = frozenset()
    operator: str = ""

    def refusal(self, machine: VirtualMachine, memory: int) -> str:
        """Says why this machine cannot go there, whatever it names; empty: it can."""
        return self.refuses(memory, [selector_of(machine)])

    def refuses(self, memory: int, demands: Sequence[Demand]) -> str:
        """Says why what makes these demands cannot go there; empty: it can."""
        for demand in demands:
            if unmet := demand.unmet(self.labels):
                return unmet
        if self.closed:
            return self.closed
        barred = next(((demand, demand.barred[self.name]) for demand in demands if self.name in demand.barred), None)
        if barred is not None:
            return f"cannot have {barred[0].what} ({barred[1]})"
        lacking = next((demand.what for demand in demands if not self._has_upload(demand.upload)), "")
        if lacking:
            return f"lacks the file of {lacking}, which was uploaded elsewhere"
        if self.memory and memory > self.memory:
            return f"has {format_quantity(self.memory)} of memory, {format_quantity(memory)} are needed"
        return ""

    def _has_upload(self, sha256: str) -> bool:
        return not sha256 or self.uploads is None or sha256 in self.uploads


def demand_of_image(image: Image) -> Demand:
    """Returns what is asked of a host by what names an Image: where that was uploaded, the file is on some hosts only."""
    source = image.spec.source
    return Demand(f"Image {image.metadata.name}", upload=(source.sha256 or "") if source.upload is not None else "")


def selector_of(resource: VirtualMachine | Disk) -> Demand:
    return Demand(labels=resource.spec.host_selector)


def demand_of_network(network: Network) -> Demand:
    """Returns what a machine asks of its host that is plugged into a Network. A host that said that it cannot have the network
    is no place for the machine."""
    said = network.status.hosts if network.status else ()
    barred = {host.name: host.message or host.reason for host in said if host.reason in IMPOSSIBLE}
    return Demand(f"Network {network.metadata.name}", network.spec.host_selector, barred=barred)


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


def choose_bound(
    machine: VirtualMachine, memory: int, offers: Sequence[Offer], host: str, named: Sequence[Demand] = ()
) -> Offer | Waiting | Stalled:
    """Chooses like choose_host, for a machine whose disks are on a host already."""
    if any(demand.host not in (None, host) for demand in named):
        return choose(memory, offers, [Demand("what its deployment keeps of its disks", host=host), *named])
    offer = next((offer for offer in offers if offer.name == host), None)
    if offer is None:
        how = f"add the host again, or give the disks up by taking the machine out of the deployment's annotation {PLACEMENTS}"
        return Waiting("HostGone", f"its disks are on host {host}, which is no more: {how}")
    refusal = offer.refuses(memory, [selector_of(machine), *named])
    return Waiting("HostNotReady", f"its disks are on host {host}, which {refusal}") if refusal else offer


def choose_host(
    machine: VirtualMachine, memory: int, offers: Sequence[Offer], named: Sequence[Demand] = ()
) -> Offer | Waiting | Stalled:
    """Returns the host to place a machine on, or why there is none. ``memory``: bytes that it needs. ``named``: what the things
    ask for that it names."""
    return choose(memory, offers, [selector_of(machine), *named])


def choose(memory: int, offers: Sequence[Offer], demands: Sequence[Demand]) -> Offer | Waiting | Stalled:
    """Returns the host that meets all demands and has the least promised memory, or why there is none."""
    lies = {demand.host: demand.what for demand in demands if demand.host is not None}
    if len(lies) > 1:
        where = " and ".join(f"{what} is on host {host}" for host, what in sorted(lies.items()))
        why = f"{where}, and a machine runs on one host, with what it names: name what is on one host only"
        return Stalled(SEVERAL_HOSTS, why)
    if lies:
        ((host, what),) = lies.items()
        return _choose_there(memory, offers, demands, host, what)
    refusals = {offer.name: offer.refuses(memory, demands) for offer in offers}
    open_ = [offer for offer in offers if not refusals[offer.name]]
    if open_:
        return min(open_, key=lambda offer: ((offer.promised + memory) / (offer.memory or 2**60), offer.promised, offer.name))
    if not offers:
        return Waiting("NoHosts", "there are no hosts: start an operator beside a libvirt, or create a Host")
    said = [f"{name} {why}" for name, why in sorted(refusals.items())]
    more = f", and {len(said) - 3} more" if len(said) > 3 else ""
    return Waiting("NoHostMatches", f"no host takes it: {', '.join(said[:3])}{more}")


def _choose_there(
    memory: int, offers: Sequence[Offer], demands: Sequence[Demand], host: str, what: str
) -> Offer | Waiting | Stalled:
    offer = next((offer for offer in offers if offer.name == host), None)
    if offer is None:
        return Waiting("HostGone", f"{what} is on host {host}, which is no more: add the host again, or name something else")
    unmet = next((unmet for demand in demands if (unmet := demand.unmet(offer.labels))), "")
    if unmet:
        mend = "change the hostSelector, give the host that label, or name something else"
        return Stalled(CONTRADICTION, f"{what} is on host {host}, which {unmet}: {mend}")
    refusal = offer.refuses(memory, demands)
    return Waiting("HostNotReady", f"{what} is on host {host}, which {refusal}") if refusal else offer


def kept_elsewhere(disk: Disk, host: str, exists: Callable[[str], bool] = lambda host: False) -> Waiting | Stalled | None:
    """Says why a Disk is not for the machines of a host; None: it lies there. ``exists``: whether there is a host of a name."""
    name, there = disk.metadata.name, host_of(disk.metadata.finalizers)
    if there == host:
        return displaced(disk, host, exists)
    if there is None:
        return Waiting(DISK_NOT_READY, f"Disk {name} has no host yet: its status says why")
    mend = f"name a Disk of host {host}, or delete this machine and make it again, so that it goes to the Disk"
    return Stalled(SEVERAL_HOSTS, f"Disk {name} is on host {there}, and this machine is on host {host}: {mend}")


def displaced(disk: Disk, host: str, exists: Callable[[str], bool]) -> Stalled | None:
    """Says that somebody gave a Disk the finalizer of another host than the one that has its file; None: nobody did. It would be
    made a second time, empty."""
    before = disk.status.host if disk.status else None
    if before in (None, host) or not exists(before or ""):
        return None
    why = f"Disk {disk.metadata.name} lies on host {before}, and its finalizer names host {host}, where it would be a second one"
    return Stalled("OnAnotherHost", f"{why}: give it the finalizer of {before} again")
