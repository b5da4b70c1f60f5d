"""The status of a machine: what was observed, and what the plan says about it. Pure.

Ready, Reconciling and Stalled follow kstatus: https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus Reconciling,
Stalled, RestartRequired, Drifted, DisksMoved, Doubtful and CrashLoopBackOff exist only while they are true.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from homeostat.driver.errors import DriverError, Refused
from homeostat.models.condition import READY, RECONCILING, STALLED, Condition, ConditionStatus, merge_conditions, sayer
from homeostat.models.machine import (
    GuestAddress,
    MachineDisk,
    MachineHealth,
    MachineState,
    UpdatePolicy,
    VirtualMachine,
    VirtualMachineStatus,
)
from homeostat.planner.changes.why import reason_of
from homeostat.planner.domain import DomainConfig, DomainType
from homeostat.planner.images import REFUSALS
from homeostat.planner.machine.doubts import spec_doubts
from homeostat.planner.machine.identity import own_disk_path
from homeostat.planner.machine.power.power import RUN_FAILED
from homeostat.planner.machine.power.shutdown import UNHEALTHY
from homeostat.planner.machine.power.windows import window_words
from homeostat.planner.machine.removal.teardown import ABANDON
from homeostat.planner.machine.restore import NOT_TAKEN
from homeostat.planner.machine.storage.disk_source import OF_FILES, DiskSource, find_source
from homeostat.planner.machine.storage.storage import IMAGE_CHANGED
from homeostat.planner.observed import DomainState, Observed, ObservedDomain, ProbedHealth, same_run
from homeostat.planner.plan import Change, Converged, Plan, Stalled, Waiting

from ..deployment.ownership import owner_key
from ..pending import pending_changes

Addresses = Mapping[str, Sequence[tuple[str, str]]]

# Reasons why a machine is not ready yet, but will be by itself. For every other reason somebody must act.
UNDER_WAY = frozenset({
    "Reconciling", "ImageFetching", "ImageQueued", "Starting", "NotReadyYet", "ReadinessLost", UNHEALTHY, "Resuming", "Pausing",
    "Saving", "Busy", "Restoring", NOT_TAKEN, "GuestShuttingDown", "ShuttingDown", "PoweringOff", "Terminating",
})  # fmt: skip
DOUBTFUL = "Doubtful"  # something in the spec will probably not do what was meant
ON_ANOTHER_HOST = "OnAnotherHost"  # the finalizer of the machine names us, but its domain is, or runs, on another host
DISKS_MOVED = "DisksMoved"  # others put a disk on another file, and it stays there
_VIRTUALIZATION = {DomainType.KVM: "KVM", DomainType.QEMU: "TCG", DomainType.TEST: "Test"}


def machine_status(
    machine: VirtualMachine, observed: Observed, plan: Plan, addresses: Addresses | None, error: DriverError | None, now: str
) -> VirtualMachineStatus:
    """Returns the status. ``plan`` was made from this observation, and ``error`` stopped the last plan. ``now`` is RFC 3339.
    ``addresses``: None where they cannot be known now."""
    before = machine.status or VirtualMachineStatus()
    domain = observed.domain
    if not observed.host.reachable:
        return _unreachable(machine, observed, now)
    live = domain if domain is not None and domain.state.active else None
    run = live.run if live else None
    conditions = tuple(_conditions(machine, observed, plan, error))
    return VirtualMachineStatus(
        observed_generation=machine.metadata.generation,
        state=_state(machine, observed, plan, error),
        conditions=merge_conditions(before.conditions, conditions, now),
        host=observed.host.name if domain else _elsewhere(before, observed),
        domain_uuid=domain.uuid if domain else None,
        pid=live.pid if live else None,
        virtualization=_VIRTUALIZATION[domain.config.type] if domain and domain.config else None,  # type: ignore[arg-type]
        health=_health(before, observed, run) if live else None,
        addresses=_addresses(before, domain, addresses),
        vnc=live.vnc if live else None,
        console_log=domain.config.console_log if domain and domain.config else None,
        restarts=observed.memory.restarts,
        run=run,
        started_at=None if run is None else before.started_at if same_run(run, before.run) and before.started_at else now,
        disks=tuple(_disks(machine, observed)),
        restored=observed.storage.restored,
        other_snapshots=_other_snapshots(observed),
        changes=pending_changes((*plan.pending, *(c for c in plan.changes if c.disruption > 1))),
        drift=pending_changes(plan.drift),
    )


def _disks(machine: VirtualMachine, observed: Observed) -> Iterator[MachineDisk]:
    """Yields the machine's own disks whose size is known: of the file that it writes to, also where others put that."""
    root, storage = observed.host.storage_root, observed.storage
    for disk in machine.spec.disks:
        if disk.type != "disk" or disk.disk_ref is not None:
            continue
        found = storage.disks.get(own_disk_path(root, machine, disk.name))
        source = find_source(machine, disk, observed) if storage.chains else None
        if isinstance(source, DiskSource):
            found = source.active or found
        if found is not None and found.virtual_size:
            yield MachineDisk(name=disk.name, size=found.virtual_size)


def _other_snapshots(observed: Observed) -> tuple[str, ...]:
    config = observed.domain.config if observed.domain else None
    disks = ((disk.name, observed.storage.disks.get(disk.source or "")) for disk in config.disks) if config else ()
    return tuple(f"{name}/{tag}" for name, found in disks if found is not None for tag in found.others)


def _elsewhere(before: VirtualMachineStatus, observed: Observed) -> str | None:
    """Returns the other host that has its domain, as that host wrote it: we cannot see it, and nobody else knows."""
    elsewhere = observed.unadmitted is not None and observed.unadmitted.reason == ON_ANOTHER_HOST
    return before.host if elsewhere else None


def _health(before: VirtualMachineStatus, observed: Observed, run: str | None) -> MachineHealth | None:
    """Returns the health. It changes within a run only with its word, and with the reason for which a machine is not ready: so
    a machine at rest costs no write, however often it is probed."""
    health = observed.health
    if health is None:
        return None
    word = health_word(health)
    known = before.health if same_run(before.run, run) else None
    if known is not None and known.status == word and (health.ready or known.message == health.message):
        return known
    return MachineHealth(status=word, message=health.message, last_check=health.last_check)


def health_word(health: ProbedHealth) -> Literal["starting", "healthy", "unhealthy"]:
    """Returns the health in the words of the REST API."""
    return "healthy" if health.ready else "unhealthy" if health.was_ready or not health.alive else "starting"


def _unreachable(machine: VirtualMachine, observed: Observed, now: str) -> VirtualMachineStatus:
    message = observed.host.error or f"host {observed.host.name} cannot be reached"
    if machine.deleting:
        message += f". It goes when the host is back; to let it go without, {_letting_go(machine)} with {ABANDON}=true"
    return unknown_status(machine, "HostUnreachable", message, now)


def _letting_go(machine: VirtualMachine) -> str:
    owner = owner_key(machine)
    return "annotate it" if owner is None else f"have that host served no more, and annotate its deployment {owner.name}"


def unknown_status(machine: VirtualMachine, reason: str, message: str, now: str) -> VirtualMachineStatus:
    """Returns the last status, marked as unknown now: the machine may run on a host that cannot be asked."""
    before, say = machine.status or VirtualMachineStatus(), sayer(machine.metadata.generation)
    found: dict[str, ConditionStatus] = {READY: "Unknown", "Running": "Unknown", RECONCILING: "True"}
    unknown = [say(type, word, reason, message) for type, word in found.items()]
    merged = merge_conditions(before.conditions, unknown, now)
    return before.model_copy(update={"state": MachineState.UNKNOWN, "conditions": merged})


def _conditions(machine: VirtualMachine, observed: Observed, plan: Plan, error: DriverError | None) -> Iterator[Condition]:
    """Yields a machine's conditions, in the order in which they are shown."""
    say = sayer(machine.metadata.generation)
    outcome, domain = plan.outcome, observed.domain
    reason, message = (error.reason, str(error)) if error else (outcome.reason, outcome.message)
    stalled = isinstance(error, Refused) or (error is None and isinstance(outcome, Stalled))
    settled = error is None and isinstance(outcome, Converged) and not plan.actions
    running = domain is not None and domain.state is DomainState.RUNNING
    unready = observed.health is not None and not observed.health.ready and settled and not plan.drift
    if unready:
        assert observed.health is not None
        reason = "ReadinessLost" if observed.health.was_ready else "NotReadyYet"
        message = observed.health.message
    yield say(
        READY, settled and not plan.drift and not unready and not plan.left, reason if not plan.drift else "Drifted", message
    )
    if stalled:
        yield say(STALLED, True, reason, message)
    elif not settled or (unready and reason == "NotReadyYet"):
        yield say(RECONCILING, True, reason, message)
    yield say("Scheduled", True, "HostSelected", f"host {observed.host.name}")
    storage = _storage_problem(plan, error)
    yield say("StorageReady", storage is None, storage or "DisksReady", message if storage else "; ".join(plan.aside))
    why = "DomainRunning" if running else "NoDomain" if domain is None else f"Domain{_camel(domain.state.value)}"
    yield say("Running", running, why, f"reason: {domain.reason}" if domain and not running else "")
    if running and domain is not None and domain.live is not None and domain.live.guest_agent:
        yield say("AgentConnected", domain.agent, "Connected" if domain.agent else "NotConnected")
    if observed.health is not None:
        yield say(
            "Healthy", observed.health.ready, "ProbesPass" if observed.health.ready else "ProbesFail", observed.health.message
        )
    if plan.pending:
        listed = _list_changes(plan.pending, _waits(machine, observed))
        yield say("RestartRequired", True, "ChangesPending", ". ".join((listed, *plan.notes)))
    if plan.held:
        yield say("MemoryHeld", True, "GuestKeepsMemory", "; ".join(plan.held))
    if plan.drift:
        yield say("Drifted", True, "ChangedByOthers", _list_changes(plan.drift, _DRIFTED))
    if plan.moved:
        yield say(DISKS_MOVED, True, "ByOthers", "; ".join(plan.moved))
    if doubts := tuple(spec_doubts(machine.spec)):
        yield say(DOUBTFUL, True, doubts[0].reason, "; ".join(map(str, doubts)))
    if isinstance(outcome, Waiting) and outcome.reason == "CrashLoopBackOff":
        yield say("CrashLoopBackOff", True, "EndedUnasked", outcome.message)


_STORAGE_REASONS = frozenset(
    {
        *REFUSALS,
        "ImageFetching",
        "ImageFailed",
        "ImageQueued",
        "DiskTooSmall",
        *OF_FILES,
        IMAGE_CHANGED,
        "ReplaceRequired",
        "DiskShrink",
        "NoSpace",
    }
)


def _storage_problem(plan: Plan, error: DriverError | None) -> str | None:
    reason = error.reason if error else plan.outcome.reason
    return reason if reason in _STORAGE_REASONS else None


_DRIFTED = (
    "so says the spec; driftPolicy: Report leaves that: put it into the spec, or set driftPolicy: Correct to have it put right"
)


def _waits(machine: VirtualMachine, observed: Observed) -> str:
    meta = machine.metadata
    if machine.spec.update_policy is UpdatePolicy.WINDOW:
        return f"it comes with the next start, or {window_words(machine, observed.wall)}"
    where = "" if meta.namespace == "default" else f" -n {meta.namespace}"
    first = f"`homeostat resume {meta.name}{where}`, then " if machine.spec.suspend else ""
    start = "it comes with the next start, which a reboot inside the guest is not"
    return f"{start}; {first}`homeostat restart {meta.name}{where}` brings it"


def _list_changes(changes: Sequence[Change], what: str) -> str:
    listed = "; ".join(f"{c.field}: {c.old} → {c.new} ({c.disruption.word}: {reason_of(c)})" for c in changes[:5])
    more = f"; and {len(changes) - 5} more" if len(changes) > 5 else ""
    return f"{listed}{more}; {what}"


def _camel(words: str) -> str:
    return "".join(part.title() for part in words.split("-"))


def _state(machine: VirtualMachine, observed: Observed, plan: Plan, error: DriverError | None) -> MachineState:
    domain, outcome = observed.domain, plan.outcome
    if machine.deleting:
        return MachineState.DELETING
    if domain is None:
        return MachineState.FAILED if isinstance(outcome, Stalled) or isinstance(error, Refused) else MachineState.PENDING
    if domain.state.active:
        asked = error is None or observed.memory.shutdown_since is not None  # else a step before that failed
        return _active_state(domain, outcome if asked else None)
    if isinstance(outcome, Waiting) and outcome.reason == "CrashLoopBackOff":
        return MachineState.CRASH_LOOP
    if isinstance(outcome, Waiting) and outcome.reason == "Starting" and not isinstance(error, Refused):
        return MachineState.STARTING
    if outcome.reason == RUN_FAILED:  # whoever ended it
        return MachineState.FAILED
    if domain.managed_save:
        return MachineState.SAVED
    ended = domain.record.outcome if domain.record else ""
    return {"Succeeded": MachineState.SUCCEEDED, "Failed": MachineState.FAILED}.get(ended, MachineState.STOPPED)


def _active_state(domain: ObservedDomain, outcome: object) -> MachineState:
    if domain.state is DomainState.SHUTTING_DOWN or (
        isinstance(outcome, Waiting) and outcome.reason in ("ShuttingDown", "PoweringOff")
    ):
        return MachineState.STOPPING
    return MachineState.PAUSED if domain.state in (DomainState.PAUSED, DomainState.SUSPENDED) else MachineState.RUNNING


def _addresses(before: VirtualMachineStatus, domain: ObservedDomain | None, known: Addresses | None) -> tuple[GuestAddress, ...]:
    """Returns the addresses of this run. Where nothing can be known now, as when libvirtd ends, they are those that were seen
    last in it."""
    if domain is None or not domain.state.active:
        return ()
    if domain.live is None or known is None:
        return before.addresses if same_run(before.run, domain.run) else ()
    return tuple(_by_nic(domain.live, known))


def _by_nic(live: DomainConfig, known: Addresses) -> Iterator[GuestAddress]:
    for nic in live.nics:
        for forward in nic.forwards:
            yield GuestAddress(
                nic=nic.name, ip=forward.host_address, source="Forward", port=forward.host_port, guest_port=forward.guest_port
            )
        for ip, source in known.get(nic.mac, ()):
            yield GuestAddress(nic=nic.name, ip=ip, source=source)  # type: ignore[arg-type]
