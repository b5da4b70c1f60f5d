"""The definition of one machine: what to define, what to attach while it runs, and what is drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from homeostat.models.machine import DriftPolicy, RunStrategy, UpdatePolicy, VirtualMachine

from ...actions import Action, SetAutostart
from ...changes.changes import compare, compare_running, yes_no
from ...changes.hotplug import HELD, NO_PORT, within_ports
from ...domain import DomainConfig, Record
from ...observed import Observed, ObservedDomain
from ...plan import Change, Disruption
from .live_changes import given_up, live_actions, without_live
from .revert import adopt_reverted, just_reverted
from .strayed import ballooned, give_memory, has_more_memory, keeps_memory, replugs, unplugged

FOLLOWED = "the running guest writes to another file by now, where someone put its disk"
GUARDED = "what its disks lean on stands in it, and stays root's"
GONE = Change("domain", "undefined by someone else", "defined", Disruption.LIVE)


@dataclass(frozen=True, slots=True)
class DefinitionPlan:
    """What is to be done. ``define`` is the configuration to write; None leaves the definition alone. The caller adds the
    record.

    ``meanwhile`` is the configuration until ``live`` is done: where the guest refuses a change, its definition is as it was too.
    """

    define: DomainConfig | None = None
    meanwhile: DomainConfig | None = None
    reason: str = ""
    live: tuple[Action, ...] = ()  # for the running guest
    changes: tuple[Change, ...] = ()  # spec against definition
    pending: tuple[Change, ...] = ()  # spec against the running guest, without what ``live`` does
    drift: tuple[Change, ...] = ()  # only reported
    told: tuple[Change, ...] = ()  # like ``pending``, but no reason to restart it
    held: tuple[str, ...] = ()  # sentences
    asked: str = ""  # fingerprint of what the spec asks for; empty while that has to wait (updatePolicy Never)


def base_record(machine: VirtualMachine, observed: Observed) -> Record:
    """Returns the record before anything of this plan is carried out."""
    spec, meta = machine.spec, machine.metadata
    old = observed.domain.record if observed.domain else None
    if old is not None:
        ours = old.saying(uid=machine.identity, namespace=meta.namespace, name=meta.name)
        return adopt_reverted(machine, observed, ours)
    # A machine that is only created now has nothing to restart, and no power to cut.
    fresh = Record(
        uid=machine.identity,
        namespace=meta.namespace,
        name=meta.name,
        restarted_at=spec.restarted_at or "",
        powered_off_at=spec.powered_off_at or "",
    )
    # A domain that was defined before, and is gone, has ended: not every strategy lets it run again.
    return replace(fresh, outcome="Destroyed", power=spec.power or "") if observed.storage.created else fresh


def plan_definition(machine: VirtualMachine, observed: Observed, want: DomainConfig, asked: str) -> DefinitionPlan:
    """Plans the definition. ``asked``: fingerprint of what the spec asks for, whatever was observed of the domain."""
    domain, spec = observed.domain, machine.spec
    reports = spec.drift_policy is DriftPolicy.REPORT
    if domain is None:
        if observed.storage.created and reports:
            return DefinitionPlan(drift=(GONE,))
        reason = "its domain was undefined" if observed.storage.created else "it does not exist yet"
        return DefinitionPlan(want, reason=reason, asked=asked)
    if domain.config is None or not domain.persistent:
        if reports:
            return DefinitionPlan(drift=(GONE,))
        return DefinitionPlan(want, reason="someone undefined it while it runs", asked=asked)
    changes = compare(domain.config, want)
    lacks: tuple[Change, ...] = ()
    if domain.state.active and domain.live:
        lacks = within_ports(compare_running(domain.live, want), domain.live, want)
        lacks = given_up(lacks, observed.memory.refused)
        waiting = {c.field: c for c in lacks if c.new == NO_PORT or HELD in c.new}
        changes = tuple(waiting.get(c.field, c) for c in changes)
    caught_up = _on_running_files(domain.config, domain.live, want)  # whatever the policies say: else the next start lacks data
    followed = caught_up if caught_up != domain.config or _names_less(domain.config, caught_up) else None
    told = FOLLOWED if caught_up != domain.config else GUARDED
    drifted = domain.record is not None and (domain.record.spec_hash == asked or just_reverted(observed))
    taken = ballooned(machine, observed, want)
    if drifted and reports:
        by_others = tuple(c for c in lacks if c.disruption is Disruption.LIVE and observed.host.attach)
        waits = tuple(c for c in lacks if c not in by_others and c not in changes)
        drift = tuple(dict.fromkeys(compare(caught_up, want) + by_others + unplugged(observed) + taken))
        return DefinitionPlan(followed, reason=told if followed else "", drift=drift, pending=waits, asked=asked)
    if spec.update_policy is UpdatePolicy.NEVER and domain.state.active and not drifted and (changes or lacks):
        return DefinitionPlan(followed, reason=told if followed else "", pending=lacks or compare(caught_up, want))
    live = live_actions(domain.uuid, domain.live, want, lacks) if domain.live and observed.host.attach else ()
    asked_for = any(change.field == "resources.memory" for change in changes)  # and not only by others
    live += give_memory(observed, taken, want) if asked_for or not reports else ()
    before = without_live(want, caught_up) if live else want
    meanwhile = before if followed or (changes if before is want else compare(domain.config, before)) else None
    live += () if reports else tuple(replugs(observed, want))
    waits = tuple(c for c in lacks if c.disruption is not Disruption.LIVE or not observed.host.attach)
    by_spec = bool(changes) and not drifted  # it names the file that runs again
    reason = told if followed and not by_spec and not compare(caught_up, want) else _reason(changes, drifted)
    define = want if changes or followed else None
    held = keeps_memory(observed, want)
    brought = () if has_more_memory(observed, want) else taken  # by a start
    return DefinitionPlan(define, meanwhile, reason, live, changes, waits, told=brought, held=held, asked=asked)


def _on_running_files(config: DomainConfig, live: DomainConfig | None, want: DomainConfig) -> DomainConfig:
    """Returns the definition with those disks on the file that the running guest writes to, where they are to be there (see
    disk_source). It also names the files below them, so that neither libvirt nor QEMU reads that from a header that a guest may
    have written."""
    runs = {disk.name: disk.source for disk in live.disks} if live else {}
    places = {disk.name: disk for disk in want.disks if disk.device == "disk" and runs.get(disk.name) == disk.source}
    disks = tuple(
        replace(disk, source=places[disk.name].source, format=places[disk.name].format) if disk.name in places else disk
        for disk in config.disks
    )
    wanted = {(disk.name, disk.source): disk for disk in want.disks if disk.chain is not None or disk.shared}
    opened = {disk.name: wanted.get((disk.name, disk.source), disk) for disk in disks}
    disks = tuple(replace(disk, chain=opened[disk.name].chain, shared=opened[disk.name].shared) for disk in disks)
    kernel = (
        replace(config.kernel, copies=want.kernel.copies) if config.kernel and config.kernel == want.kernel else config.kernel
    )
    return replace(config, disks=disks, kernel=kernel)


def _names_less(config: DomainConfig, other: DomainConfig) -> bool:
    """Tells whether the definition does not say how its files are to be opened."""
    if config.kernel and other.kernel and config.kernel.copies != other.kernel.copies:
        return True
    return any((a.chain, a.shared) != (b.chain, b.shared) for a, b in zip(config.disks, other.disks, strict=True))


def _reason(changes: Sequence[Change], drifted: bool) -> str:
    fields = ", ".join(c.field for c in changes[:3]) + (" …" if len(changes) > 3 else "")
    return f"someone else changed {fields}" if drifted else f"the spec changed {fields}"


def autostart_actions(machine: VirtualMachine, domain: ObservedDomain | None, uuid: str) -> list[Action]:
    """Lets machines that should always run start with libvirt, even before the operator does."""
    if autostart_is_right(machine, domain):
        return []
    return [SetAutostart(uuid, _autostart(machine), f"runStrategy is {machine.spec.run_strategy}")]


def autostart_is_right(machine: VirtualMachine, domain: ObservedDomain | None) -> bool:
    return (domain.autostart if domain else False) == _autostart(machine)


def autostart_drift(machine: VirtualMachine, domain: ObservedDomain, record: Record) -> tuple[Change, ...]:
    """Returns the change that somebody made to autostart after we had set it. Only where drift is reported."""
    if machine.spec.drift_policy is not DriftPolicy.REPORT or autostart_is_right(machine, domain):
        return ()
    wanted = yes_no(_autostart(machine))
    return (Change("autostart", yes_no(domain.autostart), wanted, Disruption.LIVE),) if record.autostart == wanted else ()


def carried_autostart(machine: VirtualMachine, domain: ObservedDomain | None, record: Record) -> str:
    """Returns, for the record, what autostart was last set to. Only where drift is reported."""
    if machine.spec.drift_policy is not DriftPolicy.REPORT:
        return ""
    right = domain is not None and autostart_is_right(machine, domain)
    return yes_no(_autostart(machine)) if right else record.autostart


def _autostart(machine: VirtualMachine) -> bool:
    return machine.spec.run_strategy is RunStrategy.ALWAYS
