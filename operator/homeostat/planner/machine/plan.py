"""The plan for one machine, on one page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from homeostat.models.base import IDENTITY
from homeostat.models.machine import DriftPolicy, VirtualMachine

from ..actions import (
    Action,
    AttachNic,
    DefineDomain,
    GrowDisk,
    MarkCreated,
    PowerOffDomain,
    ShutdownDomain,
    StartDomain,
    WriteRecord,
)
from ..changes.changes import compare, spec_hash
from ..domain import Record
from ..observed import Observed, RememberedActs
from ..plan import Change, Converged, Outcome, Plan, Stalled, Waiting
from .definition.definition import (
    DefinitionPlan,
    autostart_actions,
    autostart_drift,
    base_record,
    carried_autostart,
    plan_definition,
)
from .definition.revert import went_back
from .definition.strayed import rename, renamed, replugs, unplugged
from .desired import CannotPlan, asked_domain, desired_domain
from .host.claims import named_as, taken
from .host.fit import misfit, unpluggable, unselected
from .identity import domain_name, domain_uuid, machine_directory
from .power.power import PowerPlan, plan_power, with_boot
from .removal.deletion import forgotten, noted
from .removal.teardown import abandon, may_be_abandoned, plan_teardown
from .restore import HARMLESS as RESTORE_HARMLESS
from .restore import new_token, plan_restore
from .storage.disk_source import MOVED, moved_on_purpose
from .storage.reclaim import to_note
from .storage.seed import seed_notes
from .storage.storage import StoragePlan, plan_storage

# The machine goes on with the definition it has while a human decides about these.
_HARMLESS = frozenset({"ReplaceRequired", "DiskShrink", MOVED}) | RESTORE_HARMLESS


def plan_machine(machine: VirtualMachine, observed: Observed, now: float) -> Plan:
    """Plans the next steps for one machine, ``now`` in seconds on the monotonic clock. Empty when desired equals observed."""
    host, domain = observed.host, observed.domain
    if not host.reachable:
        error = host.error or f"host {host.name} cannot be reached"
        return abandon(machine, error) if may_be_abandoned(machine) else Plan(outcome=Waiting("HostUnreachable", error))
    if others := _of_others(machine, observed):
        return Plan(outcome=others)
    if machine.deleting:
        return noted(machine, observed, plan_teardown(machine, observed, now))
    if machine.spec.suspend:
        return _suspended(machine, observed, now)
    if barred := _barred(machine, observed):
        return Plan(outcome=barred)
    if again := rename(machine, observed, now):
        return Plan((again,), Waiting("Reconciling", "giving its domain its name back"))

    storage = plan_storage(machine, observed) if observed.refusal is None else StoragePlan((), (), (), observed.refusal)
    definition, blocker = _definition(machine, observed, storage)
    if domain is None and definition.drift:
        return Plan(outcome=Converged("Drifted", _gone_message(machine)), drift=definition.drift)
    if domain is None and definition.define is None:  # there is no domain, and none can be defined yet
        return Plan(storage.actions, blocker or Converged(), storage.changes, moved=storage.moved, aside=storage.aside)

    uuid, record = domain_uuid(machine.identity), base_record(machine, observed)
    claimed = taken(machine, observed)
    lacks = claimed or _lacking(machine, observed, definition)
    power = plan_power(machine, observed, record, () if lacks else _restart_for(machine, definition, record), uuid, now)
    power, blocker = _restored(None if claimed or observed.twin else plan_restore(machine, observed, record, now), power, blocker)
    if (seen := with_boot(power.record, observed.host.boot_id)) is not power.record:
        power = replace(power, record=seen)
    if power.restarting or any(isinstance(a, StartDomain) for a in power.actions):
        blocker = blocker if blocker and not _harmless(blocker) else misfit(machine, observed) or blocker
        power, blocker = _not_started(power, record, blocker)
    if power.stopping:  # what runs is about to end: the next start has everything
        definition, storage = _until_it_is_off(power, definition, storage)
    elif lacks and domain is not None and domain.state.active:  # it goes on as it is, and says so
        blocker, definition = blocker or lacks, _held_back(machine, observed, definition, claimed)
    if blocker is None and not power.stopping and unplugged(observed):
        blocker = misfit(machine, observed)  # says what is missing, where that is the reason
    waits, reported = renamed(machine, domain)
    actions = (
        *forgotten(machine, observed),
        *storage.actions,
        *_definition_actions(machine, observed, definition, power.record, uuid),
        *power.actions,
        *_live_then_defined(machine, observed, definition, power.record),
    )
    return Plan(
        actions=actions,
        outcome=_outcome(power, blocker, bool(actions)),
        changes=storage.changes + definition.changes,
        pending=definition.pending + storage.pending + definition.told + waits,
        drift=definition.drift + (autostart_drift(machine, domain, power.record) if domain else ()) + power.drift + reported,
        moved=storage.moved,
        aside=storage.aside,
        notes=seed_notes(machine, observed),
        held=definition.held,
    )


def _restored(restore: PowerPlan | Outcome | None, power: PowerPlan, blocker: Outcome | None) -> tuple[PowerPlan, Outcome | None]:
    """Returns what comes first: a restore that can be done, else what is done anyway."""
    if blocker is not None and not _harmless(blocker):
        return power, blocker
    return (restore, blocker) if isinstance(restore, PowerPlan) else (power, blocker or restore)


def _not_started(power: PowerPlan, record: Record, blocker: Outcome | None) -> tuple[PowerPlan, Outcome | None]:
    """Plans no start where something is in the way; and no restart, which would leave off what runs, and take the last hold of a
    file that was removed."""
    if blocker is None or _harmless(blocker):
        return power, blocker
    if power.restarting:
        blocker = replace(blocker, message=f"it runs on, and is restarted once it can start: {blocker.message}")
    return replace(power, record=record, actions=(), outcome=blocker, stopping=False), blocker


def _until_it_is_off(power: PowerPlan, definition: DefinitionPlan, storage: StoragePlan) -> tuple[DefinitionPlan, StoragePlan]:
    """Returns what is done before the guest is off: what another run needs. Where it is to stay off nothing is: what cannot be
    made, for lack of space, would keep it on."""
    ends = all(isinstance(action, ShutdownDomain | PowerOffDomain) for action in power.actions)
    if ends and not power.restarting and storage.actions:
        return replace(definition, live=(), define=None, asked=""), replace(storage, actions=())
    while_it_runs = (action for action in storage.actions if not (isinstance(action, GrowDisk) and action.uuid))
    return replace(definition, live=()), replace(storage, actions=tuple(while_it_runs))


def _of_others(machine: VirtualMachine, observed: Observed) -> Outcome | None:
    """Says why its domain is not ours to touch; None: it is ours, or there is none."""
    domain = observed.domain
    if observed.rival is None and domain is not None and domain.record is None:
        return Stalled("RecordMissing", _foreign_message(machine, observed))
    return observed.rival


def _barred(machine: VirtualMachine, observed: Observed) -> Outcome | None:
    """Says why there can be no domain of it here; None: there is one, or can be."""
    if observed.clash is not None:
        return Stalled("NameInUse", _clash_message(machine, observed))
    if observed.domain is not None:
        return None
    return observed.unadmitted or named_as(machine, observed) or unselected(machine, observed.host)


def _suspended(machine: VirtualMachine, observed: Observed, now: float) -> Plan:
    """Plans nothing, but says when something would be done otherwise: then the machine is not as its spec says. What is observed
    is reported as usual."""
    resumed = machine.model_copy(update={"spec": machine.spec.model_copy(update={"suspend": False})})
    plan = plan_machine(resumed, replace(observed, memory=RememberedActs()), now)
    waits = [action.reason for action in plan.actions if not isinstance(action, WriteRecord | MarkCreated)]
    if not waits and not plan.drift and isinstance(plan.outcome, Converged):
        alone = Converged("Suspended", "spec.suspend: left alone")
        return Plan(outcome=alone, pending=plan.pending, moved=plan.moved, aside=plan.aside, notes=plan.notes)
    why = waits[0] if waits else plan.outcome.message or plan.outcome.reason
    message = (
        f"spec.suspend leaves it as it is, not as its spec says ({why}): `homeostat resume {machine.metadata.name}` takes it up"
    )
    return Plan(outcome=Converged("Suspended", message), moved=plan.moved, aside=plan.aside, left=True)


def _lacking(machine: VirtualMachine, observed: Observed, definition: DefinitionPlan) -> Outcome | None:
    """Says what its host lacks for the changes that a running guest waits for; None: nothing. A restart would leave it off."""
    waits = definition.pending or _attaches_nowhere(machine, observed, definition)
    return misfit(machine, observed) if waits else None


def _attaches_nowhere(machine: VirtualMachine, observed: Observed, definition: DefinitionPlan) -> bool:
    """Tells whether it would be given a nic whose network or bridge is missing."""
    given = {action.nic.name for action in definition.live if isinstance(action, AttachNic)}
    return bool(given & unpluggable(machine, observed.host)) if given else False


def _held_back(
    machine: VirtualMachine, observed: Observed, definition: DefinitionPlan, claimed: Waiting | None
) -> DefinitionPlan:
    """Attaches nothing to a running guest that another machine has, or that leads nowhere. Ports are only opened by a start. What
    it runs with, it keeps, and gets back."""
    held = bool(definition.live) and claimed is not None and claimed.reason != "PortTaken"
    held = held or _attaches_nowhere(machine, observed, definition)
    links = () if claimed is not None and claimed.reason == "MacTaken" else _as_it_runs(machine, observed).live
    if held:
        return replace(definition, live=links, asked="")
    back = tuple(link for link in links if link not in definition.live)
    return replace(definition, live=definition.live + back) if back else definition


def _restart_for(machine: VirtualMachine, definition: DefinitionPlan, record: Record) -> tuple[Change, ...]:
    """Returns the changes for which updatePolicy Immediate restarts it. Where drift is reported, only those of the spec
    itself."""
    settled = record.spec_hash == definition.asked and record.outcome != "Stopping"
    return () if settled and machine.spec.drift_policy is DriftPolicy.REPORT else definition.pending


def _definition(machine: VirtualMachine, observed: Observed, storage: StoragePlan) -> tuple[DefinitionPlan, Outcome | None]:
    """Returns what to define, or why that cannot be known yet."""
    if observed.refusal is not None:
        return _as_it_runs(machine, observed), observed.refusal
    if storage.blocker is not None:
        return _as_it_runs(machine, observed), storage.blocker
    try:
        want = desired_domain(machine, observed)
        asked = spec_hash(asked_domain(machine, observed, want))
    except CannotPlan as problem:
        return _as_it_runs(machine, observed), Stalled(problem.reason, problem.message)
    return plan_definition(machine, observed, want, asked), None


def _as_it_runs(machine: VirtualMachine, observed: Observed) -> DefinitionPlan:
    """Plans no definition. A running guest goes on with what it has, and gets the links back that it lost."""
    runs = observed.domain.live if observed.domain else None
    if runs is None or machine.spec.drift_policy is DriftPolicy.REPORT:
        return DefinitionPlan()
    return DefinitionPlan(live=tuple(replugs(observed, runs)))


def _definition_actions(
    machine: VirtualMachine, observed: Observed, definition: DefinitionPlan, record: Record, uuid: str
) -> list[Action]:
    """Writes definition and record together where both change; sets autostart and the marker as well."""
    domain, define = observed.domain, definition.meanwhile if definition.live else definition.define
    done = bool(definition.asked and not definition.live)  # else the former fingerprint stays until the running guest has it too
    record = record.saying(
        autostart=carried_autostart(machine, domain, record),
        spec_hash=definition.asked if done else record.spec_hash,
        generation=machine.metadata.generation if done else record.generation,
    )
    actions: list[Action] = [*new_token(machine, observed)]
    if define is not None:
        actions.append(DefineDomain(define.with_record(record), definition.reason, moved_on_purpose(define, domain)))
    elif domain is not None and (_differs(record, domain.record) or went_back(observed)):
        actions.append(WriteRecord(uuid, record, "remember what was carried out"))
    if not observed.storage.created:
        directory = machine_directory(observed.host.storage_root, machine)
        actions.append(
            MarkCreated(directory, "should its domain go missing, that is noticed by this", to_note(machine, observed))
        )
    lasting = define is not None or (domain is not None and domain.persistent)
    if lasting and not (domain and autostart_drift(machine, domain, record)):
        actions += autostart_actions(machine, domain, uuid)
    return actions


def _live_then_defined(
    machine: VirtualMachine, observed: Observed, definition: DefinitionPlan, record: Record
) -> Iterator[Action]:
    """Yields what the running guest is asked for, and then the definition that it follows by that time. A guest may refuse: then
    nothing else is done."""
    yield from definition.live
    domain, wanted = observed.domain, definition.define
    if not definition.live or wanted is None or domain is None or domain.config is None:
        return
    if not compare(definition.meanwhile or domain.config, wanted):
        return
    kept = carried_autostart(machine, domain, record)
    done = record.saying(autostart=kept, spec_hash=definition.asked, generation=machine.metadata.generation)
    yield DefineDomain(wanted.with_record(done), definition.reason, moved_on_purpose(wanted, domain))


def _differs(new: Record, old: Record | None) -> bool:
    """Tells whether the record is to be written. The generation alone is no reason: most changes of a spec leave the definition
    alone."""
    return old is None or new.saying(generation=old.generation, instance=old.instance) != old


def _outcome(power: PowerPlan, blocker: Outcome | None, acting: bool) -> Outcome:
    if blocker is not None and not isinstance(power.outcome, Waiting):
        return blocker
    if acting and isinstance(power.outcome, Converged):
        return Waiting("Reconciling", "carrying out the plan")
    return power.outcome


def _harmless(blocker: Outcome) -> bool:
    return blocker.reason in _HARMLESS


def _gone_message(machine: VirtualMachine) -> str:
    return (
        f"someone undefined the domain {domain_name(machine)!r}, and driftPolicy: Report leaves it so: "
        "set driftPolicy: Correct to have it defined again, or delete the machine"
    )


def _foreign_message(machine: VirtualMachine, observed: Observed) -> str:
    domain = observed.domain
    assert domain is not None
    return (
        f"the domain {domain.name!r} on host {observed.host.name} has this machine's uuid {domain.uuid}, but lacks Homeostat's "
        f"metadata, so it is left alone: someone removed that. Shut it down and `virsh undefine {domain.name}` (without its "
        "storage), then it is defined again on the disks it has"
    )


def _clash_message(machine: VirtualMachine, observed: Observed) -> str:
    other = observed.clash
    assert other is not None
    whose = (
        f"belongs to another Homeostat resource ({other.record.namespace}/{other.record.name})"
        if other.record
        else "was not created by Homeostat"
    )
    if other.uuid == domain_uuid(machine.identity):
        mend = f"take its annotation {IDENTITY} away"
        return (
            f"domain {other.name!r} (uuid {other.uuid}), which this machine gives as its own, {whose}, and is left alone: {mend}"
        )
    mend = "rename this machine, or that domain (`virsh domrename`)"
    if other.record and (other.record.namespace, other.record.name) == (machine.metadata.namespace, machine.metadata.name):
        earlier = f"{other.record.namespace}/{other.record.name}/{other.record.uid}"
        mend += (
            f". Only where it is of an earlier machine of this name, and no other operator's: give this one the annotation "
            f"`{IDENTITY}: {earlier}` to go on with it; to be rid of both, delete this one then"
        )
    return (
        f"host {observed.host.name} already has a domain named {domain_name(machine)!r} (uuid {other.uuid}) that {whose}, and is "
        f"left alone: {mend}"
    )
