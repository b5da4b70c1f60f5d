"""What others did to a machine that neither its definition nor its power shows: its name, and where its nics are plugged in."""

from __future__ import annotations

from collections.abc import Iterator

from homeostat.models.machine import DriftPolicy, VirtualMachine
from homeostat.models.quantity import format_quantity

from ...actions import RenameDomain, ReplugNic, SetMemory
from ...domain import DomainConfig
from ...observed import Observed, ObservedDomain
from ...plan import Change, Disruption
from ..identity import domain_name

RENAME_AGAIN = 300.0  # seconds: libvirt renames no domain that has snapshots, and the machine is to run anyway


def renamed(machine: VirtualMachine, domain: ObservedDomain | None) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Returns the change to make, and the change to report only, where somebody gave its domain another name. It waits until the
    domain is off, because libvirt renames no other."""
    if domain is None or domain.name == domain_name(machine):
        return (), ()
    change = (Change("domain name", domain.name, domain_name(machine), Disruption.NEEDS_RESTART),)
    return ((), change) if machine.spec.drift_policy is DriftPolicy.REPORT else (change, ())


def rename(machine: VirtualMachine, observed: Observed, now: float) -> RenameDomain | None:
    """Returns the action that gives it its name back; None where that has to wait, or is only reported."""
    domain, asked = observed.domain, observed.memory.rename_asked
    if domain is None or not renamed(machine, domain)[0]:
        return None
    if domain.state.active or domain.managed_save or not domain.persistent:
        return None
    if asked is not None and now - asked < RENAME_AGAIN:
        return None
    return RenameDomain(domain.uuid, domain_name(machine), f"someone renamed it {domain.name}")


def ballooned(machine: VirtualMachine, observed: Observed, want: DomainConfig) -> tuple[Change, ...]:
    """Returns the change where the running guest has more or less memory than it is to be left with, by the spec or because
    somebody took some (virsh setmem). Another maximum in the spec waits for a restart anyway."""
    domain = observed.domain
    if domain is None or domain.live is None or domain.live.memory != want.memory:
        return ()
    has = domain.balloon or domain.live.memory
    if has == want.left_memory:
        return ()
    reports = machine.spec.drift_policy is DriftPolicy.REPORT
    old, new = format_quantity(has), format_quantity(want.left_memory)
    return (Change("resources.memory", old, new, Disruption.LIVE if reports else Disruption.NEEDS_RESTART),)


def has_more_memory(observed: Observed, want: DomainConfig) -> bool:
    """Tells whether the running guest has more memory than it is to be left with. A start would change nothing of that."""
    domain = observed.domain
    if domain is None or domain.live is None or domain.live.memory != want.memory:
        return False
    return (domain.balloon or domain.live.memory) > want.left_memory


def keeps_memory(observed: Observed, want: DomainConfig) -> tuple[str, ...]:
    """Says that the guest was asked to give memory back, and did not."""
    domain = observed.domain
    if domain is None or domain.live is None or not has_more_memory(observed, want):
        return ()
    if observed.memory.memory_asked != want.left_memory:
        return ()
    has = format_quantity(domain.balloon or domain.live.memory)
    return (
        f"resources.memory is {format_quantity(want.left_memory)}, and the guest has {has} and has not given the rest back: it "
        "needs it, or has no driver for the balloon (virtio_balloon)",
    )


def give_memory(observed: Observed, changes: tuple[Change, ...], want: DomainConfig) -> tuple[SetMemory, ...]:
    """Gives or takes it, asking only once: a guest without a balloon driver does nothing, and has it after its next start."""
    domain = observed.domain
    if not changes or domain is None or observed.memory.memory_asked == want.left_memory:
        return ()
    return (SetMemory(domain.uuid, want.left_memory, f"it has {changes[0].old} of memory, and is to have {changes[0].new}"),)


def unplugged(observed: Observed) -> tuple[Change, ...]:
    """Returns a change for each nic of the running guest that is cut off from its network or bridge."""
    domain = observed.domain
    if domain is None or not domain.state.active:
        return ()
    bridges = {tap.nic: tap.bridge for tap in domain.taps}
    return tuple(
        Change(f"nics[{nic}]", why, f"plugged in on {bridges[nic]}", Disruption.LIVE)
        for nic, why in domain.unplugged.items()
        if nic in bridges
    )


def replugs(observed: Observed, want: DomainConfig) -> Iterator[ReplugNic]:
    """Yields the nics to plug in again. One that waits for a restart for another reason waits until then, and so does one whose
    network or bridge is away."""
    domain, host = observed.domain, observed.host
    if domain is None or domain.live is None or not host.attach:
        return
    live = {nic.name: nic for nic in domain.live.nics}
    taps = {tap.nic: tap for tap in domain.taps}
    for nic in want.nics:
        have = live.get(nic.name)
        if nic.name not in domain.unplugged or have is None or (have.kind, have.source) != (nic.kind, nic.source):
            continue
        there = nic.source in host.networks if nic.kind == "network" else host.bridges is None or nic.source in host.bridges
        if there:
            tap, why = taps[nic.name], domain.unplugged[nic.name]
            yield ReplugNic(domain.uuid, have, tap.device, tap.bridge, f"nics[{nic.name}] was {why}")
