"""The definition of one machine: what to define, what to attach while it runs, and what is drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from homeostat.models.machine import DriftPolicy, RunStrategy, UpdatePolicy, VirtualMachine

from ..actions import (
    Action,
    AttachDisk,
    AttachNic,
    ChangeMedium,
    DefineDomain,
    DetachNic,
    MarkCreated,
    SetAutostart,
)
from ..changes import compare, spec_hash
from ..domain import DomainConfig, Record
from ..observed import Observed, ObservedDomain
from ..plan import Change, Disruption
from .identity import machine_directory

GONE = Change("domain", "undefined by someone else", "defined", Disruption.LIVE)


@dataclass(frozen=True, slots=True)
class DefinitionPlan:
    """``define`` is the configuration to write, None to leave the definition alone; the record is added by the caller."""

    define: DomainConfig | None = None
    reason: str = ""
    live: tuple[Action, ...] = ()  # to the running guest
    changes: tuple[Change, ...] = ()  # spec against definition
    pending: tuple[Change, ...] = ()  # spec against the running guest, without what ``live`` does
    drift: tuple[Change, ...] = ()  # only reported


def base_record(machine: VirtualMachine, domain: ObservedDomain | None, want: DomainConfig | None) -> Record | None:
    """The record as it should stand, power aside. None: there is nothing to keep one on, or nothing new to write."""
    spec, meta = machine.spec, machine.metadata
    old = domain.record if domain else None
    if want is None:
        return old
    return Record(
        uid=meta.uid,
        namespace=meta.namespace,
        name=meta.name,
        instance=old.instance if old else "",
        generation=meta.generation,
        spec_hash=spec_hash(want),
        # A machine that is only now created has nothing to restart or to cut the power of.
        restarted_at=old.restarted_at if old else spec.restarted_at or "",
        powered_off_at=old.powered_off_at if old else spec.powered_off_at or "",
        power=old.power if old else "",
        outcome=old.outcome if old else "",
    )


def plan_definition(machine: VirtualMachine, observed: Observed, want: DomainConfig) -> DefinitionPlan:
    domain, spec = observed.domain, machine.spec
    reports = spec.drift_policy is DriftPolicy.REPORT
    if domain is None:
        if observed.storage.created and reports:
            return DefinitionPlan(drift=(GONE,))
        return DefinitionPlan(want, "its domain was undefined" if observed.storage.created else "it does not exist yet")
    if domain.config is None or not domain.persistent:
        return DefinitionPlan(drift=(GONE,)) if reports else DefinitionPlan(want, "someone undefined it while it runs")
    changes = compare(domain.config, want)
    drifted = domain.record is not None and domain.record.spec_hash == spec_hash(want)
    if drifted and reports and changes:
        return DefinitionPlan(drift=changes)
    active = domain.state.active
    if active and spec.update_policy is UpdatePolicy.NEVER and not drifted:
        return DefinitionPlan(pending=compare(domain.live or domain.config, want))
    pending = compare(domain.live, want) if active and domain.live else ()
    live = _live_actions(domain, want, pending) if observed.host.attach else ()
    waits = tuple(c for c in pending if c.disruption is not Disruption.LIVE or not observed.host.attach)
    return DefinitionPlan(want if changes else None, _reason(changes, drifted), live, changes, waits)


def _reason(changes: Sequence[Change], drifted: bool) -> str:
    fields = ", ".join(c.field for c in changes[:3]) + (" …" if len(changes) > 3 else "")
    return f"someone else changed {fields}" if drifted else f"the spec changed {fields}"


def _live_actions(domain: ObservedDomain, want: DomainConfig, pending: Sequence[Change]) -> tuple[Action, ...]:
    """For every live change of the running guest the action that makes it."""
    names = {c.field for c in pending if c.disruption is Disruption.LIVE}
    assert domain.live is not None
    uuid = domain.uuid
    actions: list[Action] = []
    for disk in want.disks:
        if f"disks[{disk.name}]" in names:
            actions.append(AttachDisk(uuid, disk, f"disks[{disk.name}] was added"))
        elif f"disks[{disk.name}].image" in names:
            actions.append(ChangeMedium(uuid, disk, f"disks[{disk.name}].image changed"))
    wanted = {nic.name for nic in want.nics}
    for nic in domain.live.nics:
        if nic.name not in wanted and f"nics[{nic.name}]" in names:
            actions.append(DetachNic(uuid, nic, f"nics[{nic.name}] was removed"))
    for nic in want.nics:
        if f"nics[{nic.name}]" in names:
            actions.append(AttachNic(uuid, nic, f"nics[{nic.name}] was added"))
    return tuple(actions)


def define_actions(machine: VirtualMachine, observed: Observed, config: DomainConfig, reason: str) -> list[Action]:
    """The definition, and what belongs beside it."""
    actions: list[Action] = [DefineDomain(config, reason)]
    if not observed.storage.created:
        directory = machine_directory(observed.host.storage_root, machine)
        actions.append(MarkCreated(directory, "remember that it was defined"))
    return actions


def autostart_actions(machine: VirtualMachine, domain: ObservedDomain | None, uuid: str) -> list[Action]:
    """Machines that should always run come up with libvirt, even before the operator does."""
    wanted = machine.spec.run_strategy is RunStrategy.ALWAYS
    if (domain.autostart if domain else False) == wanted:
        return []
    return [SetAutostart(uuid, wanted, f"runStrategy is {machine.spec.run_strategy}")]
