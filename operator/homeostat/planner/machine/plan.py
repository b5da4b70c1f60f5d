"""The plan for one machine, on one page."""

from __future__ import annotations

from dataclasses import replace

from homeostat.models.machine import VirtualMachine

from ..actions import Action, StartDomain, WriteRecord
from ..domain import DomainConfig, Record
from ..observed import Observed
from ..plan import Converged, Outcome, Plan, Stalled, Waiting
from .definition import DefinitionPlan, autostart_actions, base_record, define_actions, plan_definition
from .desired import CannotPlan, desired_domain
from .fit import misfit
from .identity import domain_name, domain_uuid
from .power import PowerPlan, plan_power
from .storage import StoragePlan, plan_storage
from .teardown import plan_teardown

# The machine goes on with the definition it has while a human decides about these.
_HARMLESS = frozenset({"ReplaceRequired", "DiskShrink"})


def plan_machine(machine: VirtualMachine, observed: Observed, now: float) -> Plan:
    """The next steps for one machine; empty when desired equals observed.

    ``now``: seconds on the monotonic clock.
    """
    host = observed.host
    if not host.reachable:
        return Plan(outcome=Waiting("HostUnreachable", host.error or f"host {host.name} cannot be reached"))
    if machine.deleting:
        return plan_teardown(machine, observed, now)
    if machine.spec.suspend:
        return Plan(outcome=Converged("Suspended", "spec.suspend: left alone"))
    if observed.clash is not None:
        return Plan(outcome=Stalled("NameInUse", _clash_message(machine, observed)))

    storage = plan_storage(machine, observed)
    want, blocker = _desired(machine, observed, storage)
    definition = plan_definition(machine, observed, want) if want else DefinitionPlan()
    uuid = domain_uuid(machine.metadata.uid)
    record = base_record(machine, observed.domain, want)
    if record is None or (definition.drift and observed.domain is None):  # there is no domain, and none may be defined
        return Plan(storage.actions, blocker or Converged("Drifted"), storage.changes, drift=definition.drift)

    power = plan_power(machine, observed, record, definition.pending, uuid, now)
    if any(isinstance(a, StartDomain) for a in power.actions):
        blocker = blocker if blocker and not _harmless(blocker) else misfit(machine, observed) or blocker
        if blocker and not _harmless(blocker):
            power = replace(power, record=record, actions=(), outcome=blocker)
    actions = [
        *storage.actions,
        *_definition_actions(machine, observed, definition, power, uuid),
        *definition.live,
        *power.actions,
    ]
    return Plan(
        actions=tuple(actions),
        outcome=_outcome(power, blocker, bool(actions)),
        changes=storage.changes + definition.changes,
        pending=definition.pending,
        drift=definition.drift + power.drift,
    )


def _desired(machine: VirtualMachine, observed: Observed, storage: StoragePlan) -> tuple[DomainConfig | None, Outcome | None]:
    """The wanted definition, or why there is none yet."""
    if storage.blocker is not None:
        return None, storage.blocker
    try:
        return desired_domain(machine, observed), None
    except CannotPlan as problem:
        return None, Stalled(problem.reason, problem.message)


def _definition_actions(
    machine: VirtualMachine, observed: Observed, definition: DefinitionPlan, power: PowerPlan, uuid: str
) -> list[Action]:
    """One write of definition and record together where both change; autostart beside it."""
    domain = observed.domain
    if definition.define is not None:
        actions = define_actions(machine, observed, definition.define.with_record(power.record), definition.reason)
    else:
        actions = []
        if domain is not None and _differs(power.record, domain.record):
            actions.append(WriteRecord(uuid, power.record, "remember what was carried out"))
    if domain is not None or definition.define is not None:
        actions += autostart_actions(machine, domain, uuid)
    return actions


def _differs(new: Record, old: Record | None) -> bool:
    """The generation alone is no reason to write: most changes of a spec do not touch the definition."""
    return old is None or replace(new, generation=old.generation, instance=old.instance) != old


def _outcome(power: PowerPlan, blocker: Outcome | None, acting: bool) -> Outcome:
    if blocker is not None and not isinstance(power.outcome, Waiting):
        return blocker
    if acting and isinstance(power.outcome, Converged):
        return Waiting("Reconciling", "carrying out the plan")
    return power.outcome


def _harmless(blocker: Outcome) -> bool:
    return isinstance(blocker, Stalled) and blocker.reason in _HARMLESS


def _clash_message(machine: VirtualMachine, observed: Observed) -> str:
    other = observed.clash
    assert other is not None
    whose = (
        f"belongs to another Homeostat resource ({other.record.namespace}/{other.record.name})"
        if other.record
        else "was not created by Homeostat"
    )
    return (
        f"host {observed.host.name} already has a domain named {domain_name(machine)!r} (uuid {other.uuid}) that {whose}, and is "
        f"left alone: rename this machine, or that domain (`virsh domrename`)"
    )
