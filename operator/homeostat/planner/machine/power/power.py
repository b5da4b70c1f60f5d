"""The power of one machine: what it should be doing, and the next step towards that.

The record on the domain carries what the decision needs across restarts of the operator: which tokens and which power were
carried out, and as ``outcome`` how the last run stands, where a strategy or the drift policy needs that:

    Starting    a start is due or under way, and libvirt cannot tell yet that it ran (Restarting: it may have, before)
    Started     it was seen to run as it should
    Stopping    we asked it to end, or began to delete it (for every strategy): then how it ends says nothing about the guest
    Succeeded | Failed | Destroyed | Saved    it ended: by itself, unexpectedly, or because somebody else ended it
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

from homeostat.models.machine import DriftPolicy, Power, RunStrategy, UpdatePolicy, VirtualMachine

from ...actions import Action, PauseDomain, PowerOffDomain, ResumeDomain, SaveDomain, StartDomain
from ...domain import Record
from ...observed import LEFT_SAVING, REVERTED, DomainState, Observed, ObservedDomain, RememberedActs
from ...plan import Change, Converged, Disruption, Outcome, Stalled, Waiting
from ..identity import digest
from .backoff import restart_delay
from .shutdown import ASK_AGAIN, PASSING, STARTING_UP, UNHEALTHY, shut_down
from .windows import may_restart

RUN_FAILED = "RunFailed"  # reason of a job that did not complete
RESUME_AGAIN = 30.0  # seconds between tries to resume a machine that an I/O error paused
_NEVER_RAN = frozenset({"unknown", "failed"})  # reasons of a domain that is off: just defined, or not started
_BY_OTHERS = {"Destroyed": "off (someone cut its power)", "Saved": "saved (by someone)"}


class Intent(Enum):
    RUN = auto()
    OFF = auto()
    PAUSE = auto()
    SAVE = auto()
    LEAVE = auto()  # it ended, and its strategy does not start it again


@dataclass(frozen=True, slots=True)
class PowerPlan:
    """The next step. ``record`` must be on the domain before ``actions`` are carried out. ``stopping``: this run is to end;
    ``restarting``: and another is to follow."""

    record: Record
    actions: tuple[Action, ...] = ()
    outcome: Outcome = Converged()
    drift: tuple[Change, ...] = ()
    stopping: bool = False
    restarting: bool = False


def plan_power(
    machine: VirtualMachine, observed: Observed, record: Record, pending: tuple[Change, ...], uuid: str, now: float
) -> PowerPlan:
    """Plans the next step. ``pending`` are the changes that only a restart brings to the guest."""
    spec, domain = machine.spec, observed.domain
    state = domain.state if domain else DomainState.SHUTOFF
    record = _with_ended(record, domain, observed.host.boot_id)
    token = (spec.restarted_at or "") != record.restarted_at
    intent = _intent(machine, record, state, token)
    if intent is not Intent.OFF:  # a token to cut the power counts while it is to be off, and not later
        record = record.saying(powered_off_at=spec.powered_off_at or "")
    match intent:
        case Intent.LEAVE:
            return PowerPlan(record, outcome=_ended(machine, record))
        case Intent.OFF:
            return _stop(machine, observed, record, uuid, now)
        case Intent.SAVE:
            return _save(machine, domain, record, uuid)
        case Intent.RUN | Intent.PAUSE if not state.active:
            return _start(machine, observed, record, intent, token, uuid, now)
    assert domain is not None
    if domain.reason == STARTING_UP:  # what is read now may mix two states, as in the middle of a revert
        return PowerPlan(record, outcome=Waiting("Busy", "libvirt is starting it", ASK_AGAIN))
    due = _restart_due(machine, record, pending, observed.wall)
    if token or due:
        why = "restartedAt changed" if token else f"updatePolicy: {spec.update_policy}, and {pending[0].field} needs a restart"
        marked = replace(record, outcome="Stopping", restarted_for=due or record.restarted_for)
        steps, waiting = shut_down(machine, domain, observed.memory, now, f"restart: {why}")
        return PowerPlan(marked, steps, waiting, stopping=True, restarting=True)
    if not pending:
        record = record.saying(restarted_for="")
    if intent is Intent.RUN and (failing := _failing(observed, state)):
        return _restart_unhealthy(machine, observed.memory, domain, record, failing, now)
    return _keep(machine, observed.memory, domain, record, intent, uuid, now)


def _failing(observed: Observed, state: DomainState) -> str:
    """Says why its health requires a restart; empty: it does not. A guest that is shutting down for that is no longer probed."""
    health = observed.health
    if health is None:
        going = observed.memory.unhealthy and state is DomainState.SHUTTING_DOWN
        return "its liveness probe failed" if going else ""
    return "" if health.alive else f"its liveness probe fails ({health.message})"


def _restart_unhealthy(
    machine: VirtualMachine, memory: RememberedActs, domain: ObservedDomain, record: Record, why: str, now: float
) -> PowerPlan:
    """Restarts it as the kubelet does: by its own shutdown policy, and started again with backoff where the strategy allows."""
    once = machine.spec.run_strategy is RunStrategy.ONCE
    failed = replace(record, outcome="Failed" if once else "Stopping")  # otherwise the end is ours, and a start is due
    steps, waiting = shut_down(machine, domain, memory, now, f"restart: {why}")
    after = waiting.after if isinstance(waiting, Waiting) else None
    return PowerPlan(failed, steps, Waiting(UNHEALTHY, waiting.message, after), stopping=True, restarting=not once)


def _restart_due(machine: VirtualMachine, record: Record, pending: tuple[Change, ...], wall: datetime | None) -> str:
    """Returns a fingerprint of the changes for which the policy restarts it; empty: none.

    It restarts only once for the same changes: if one restart did not apply them, the next would not either. One that was begun
    is completed, though its window is over meanwhile.
    """
    policy = machine.spec.update_policy
    if not pending or policy not in (UpdatePolicy.IMMEDIATE, UpdatePolicy.WINDOW):
        return ""
    changes = digest(*(text for change in pending for text in (change.field, change.old, change.new)))
    begun = record.outcome == "Stopping" and changes == record.restarted_for
    if policy is UpdatePolicy.WINDOW and not begun and not may_restart(machine, wall):
        return ""
    return changes if changes != record.restarted_for or record.outcome == "Stopping" else ""


def with_boot(record: Record, boot: str) -> Record:
    """Notes in which boot of the host a run is seen, where it matters how that run ends."""
    runs = record.outcome in ("Starting", "Restarting", "Started")
    return record.saying(boot=boot or record.boot) if runs else record


def _keeps_outcome(machine: VirtualMachine) -> bool:
    """Tells whether the outcome is recorded. Always and Halted only need it to report who ended a run."""
    spec = machine.spec
    return spec.run_strategy not in (RunStrategy.ALWAYS, RunStrategy.HALTED) or spec.drift_policy is DriftPolicy.REPORT


def _with_ended(record: Record, domain: ObservedDomain | None, boot: str) -> Record:
    """Notes that a run that was Started and is off now has ended. It ended well only if the guest shut itself down.

    A run may also end before it was seen to run. libvirt's reason tells that, unless the reason may be that of an earlier run.
    Where the host was booted in between, nobody watched: its shutdown ended the run, or that of a later boot.
    """
    if domain is None or domain.state.active:
        return record
    ran = record.outcome == "Started" or (record.outcome == "Starting" and domain.reason not in _NEVER_RAN)
    if not ran:
        return record
    if domain.managed_save:
        return replace(record, outcome="Saved")
    if record.boot and boot and record.boot != boot:
        return replace(record, outcome="Failed")
    how = {"destroyed": "Destroyed", "shutdown": "Succeeded", REVERTED: "Destroyed"}
    return replace(record, outcome=how.get(domain.reason, "Failed"))


def _intent(machine: VirtualMachine, record: Record, state: DomainState, token: bool) -> Intent:
    spec = machine.spec
    ended = record.outcome in ("Succeeded", "Failed", "Destroyed") and not state.active and not token
    match spec.run_strategy:
        case RunStrategy.ALWAYS:
            return Intent.RUN
        case RunStrategy.HALTED:
            return Intent.OFF
        case RunStrategy.RERUN_ON_FAILURE:
            return Intent.LEAVE if ended and record.outcome == "Succeeded" else Intent.RUN
        case RunStrategy.ONCE:
            return Intent.LEAVE if ended else Intent.RUN
        case RunStrategy.MANUAL:
            power = spec.power or Power.STOPPED
            if ended and power in (Power.RUNNING, Power.PAUSED) and record.power == power:
                return Intent.LEAVE
            wanted = {
                Power.RUNNING: Intent.RUN,
                Power.STOPPED: Intent.OFF,
                Power.PAUSED: Intent.PAUSE,
                Power.SAVED: Intent.SAVE,
            }
            return wanted[power]


def _ended(machine: VirtualMachine, record: Record) -> Outcome:
    """Returns the outcome of an ended job. As in Kubernetes, a job that did not complete has failed: a person is to look at
    it."""
    message = _ended_message(machine, record)
    failed = machine.spec.run_strategy is RunStrategy.ONCE and record.outcome != "Succeeded"
    return Stalled(RUN_FAILED, message) if failed else Converged("Ended", message)


def _ended_message(machine: VirtualMachine, record: Record) -> str:
    how = {
        "Succeeded": "its guest shut down by itself",
        "Failed": "it ended unexpectedly",
        "Destroyed": "someone cut its power, or undefined it",
    }
    return (
        f"{how[record.outcome]}; runStrategy {machine.spec.run_strategy} does not start it again "
        f"(`homeostat start {machine.metadata.name}` does)"
    )


def _stop(machine: VirtualMachine, observed: Observed, record: Record, uuid: str, now: float) -> PowerPlan:
    domain, spec = observed.domain, machine.spec
    token = spec.powered_off_at or ""
    if domain is None or not domain.state.active:
        off = replace(record, powered_off_at=token, power=Power.STOPPED, outcome="", restarted_at=spec.restarted_at or "")
        return PowerPlan(off, outcome=Converged("Halted"))
    stopping = replace(record, outcome="Stopping")
    if token == record.powered_off_at and _others_started(machine, record, Power.STOPPED):
        return _report(machine, record, "running (started by someone)", "off")
    if token != record.powered_off_at:
        cut = PowerOffDomain(uuid, "poweredOffAt changed")
        return PowerPlan(stopping, (cut,), Waiting("PoweringOff", "cutting the power", ASK_AGAIN), stopping=True)
    manual = spec.run_strategy is RunStrategy.MANUAL
    why = f"runStrategy: {spec.run_strategy}" + (", power: Stopped" if manual else "")
    return PowerPlan(stopping, *shut_down(machine, domain, observed.memory, now, why), stopping=True)


def _save(machine: VirtualMachine, domain: ObservedDomain | None, record: Record, uuid: str) -> PowerPlan:
    if domain is None or not domain.state.active:
        saved = domain is not None and domain.managed_save
        done = Converged("Saved") if saved else Converged("Off", "power: Saved, but it was off: there is no memory to save")
        return PowerPlan(replace(record, power=Power.SAVED, outcome=""), outcome=done)
    if _others_started(machine, record, Power.SAVED):
        return _report(machine, record, "running (started by someone)", "saved")
    stopping = replace(record, outcome="Stopping")
    if domain.state is DomainState.SHUTTING_DOWN or domain.reason in PASSING:
        return PowerPlan(stopping, outcome=Waiting("ShuttingDown", f"cannot be saved now ({domain.reason})", ASK_AGAIN))
    return PowerPlan(stopping, (SaveDomain(uuid, "power: Saved"),), Waiting("Saving", "saving its memory to disk"), stopping=True)


def _start(
    machine: VirtualMachine, observed: Observed, record: Record, intent: Intent, token: bool, uuid: str, now: float
) -> PowerPlan:
    memory, domain, spec = observed.memory, observed.domain, machine.spec
    if record.outcome in _BY_OTHERS and spec.drift_policy is DriftPolicy.REPORT and not token:
        return _report(machine, record, _BY_OTHERS[record.outcome], "running")
    delay = restart_delay(memory.ended)
    left = memory.last_end + delay - now if memory.last_end is not None and memory.ended and not token else 0.0
    if left > 0:
        message = f"ended {memory.ended} times in a row without being asked to; starting again in {left:.0f} s"
        return PowerPlan(record, outcome=Waiting("CrashLoopBackOff", message, left))
    resumes = domain is not None and domain.managed_save  # no restart: one that was asked for is carried out then
    reason = (
        "restartedAt changed"
        if token and not resumes
        else f"it ended ({domain.reason})"
        if domain and memory.ended
        else f"runStrategy: {spec.run_strategy}"
    )
    first = domain is None or domain.reason in _NEVER_RAN
    started = replace(
        record,
        restarted_at=record.restarted_at if resumes else spec.restarted_at or "",
        outcome=("Starting" if first else "Restarting") if _keeps_outcome(machine) else "",
        power=_power(machine),
    )
    return PowerPlan(started, (StartDomain(uuid, intent is Intent.PAUSE, reason),), Waiting("Starting", "starting"))


def _keep(
    machine: VirtualMachine,
    memory: RememberedActs,
    domain: ObservedDomain,
    record: Record,
    intent: Intent,
    uuid: str,
    now: float,
) -> PowerPlan:
    """Plans for a machine that is active and should be: it may have to be paused or resumed."""
    match domain.state:
        case DomainState.SHUTTING_DOWN:
            return PowerPlan(record, outcome=Waiting("GuestShuttingDown", "the guest is shutting down"))
        case DomainState.SUSPENDED:
            return PowerPlan(_settled(machine, record), outcome=Converged("Asleep", "the guest put itself to sleep"))
        case DomainState.RUNNING if intent is Intent.PAUSE:
            if _others_did(machine, record):
                return _report(machine, record, "running (resumed by someone)", "paused")
            return PowerPlan(record, (PauseDomain(uuid, "power: Paused"),), Waiting("Pausing", "pausing"))
        case DomainState.PAUSED if intent is Intent.RUN:
            return _resume(machine, memory, domain, record, uuid, now)
    return PowerPlan(_settled(machine, record))


def _settled(machine: VirtualMachine, record: Record) -> Record:
    """Returns the record of a machine that is as it should be. Where we asked a run to end, its end counts as ours. That holds
    for Once, too: the job did not complete."""
    outcome = "Stopping" if record.outcome == "Stopping" else "Started" if _keeps_outcome(machine) else ""
    return record.saying(outcome=outcome, power=_power(machine))


def _power(machine: VirtualMachine) -> str:
    spec = machine.spec
    return spec.power or "" if spec.run_strategy is RunStrategy.MANUAL else ""


def _others_did(machine: VirtualMachine, record: Record) -> bool:
    """Tells whether it was as the spec says and is no longer. Whoever did that, we only report it."""
    settled = record.outcome not in ("", "Starting", "Restarting") and record.power == _power(machine)
    return machine.spec.drift_policy is DriftPolicy.REPORT and settled


def _others_started(machine: VirtualMachine, record: Record, off: Power) -> bool:
    """Tells whether it was off as the spec says, and is no longer."""
    return machine.spec.drift_policy is DriftPolicy.REPORT and record.power == off and record.outcome == ""


def _report(machine: VirtualMachine, record: Record, old: str, new: str) -> PowerPlan:
    message = f"it is {old}, and driftPolicy: Report leaves it so: set driftPolicy: Correct to have it {new}"
    drift = Change("power", old, new, Disruption.LIVE)
    return PowerPlan(record, outcome=Converged("Drifted", message), drift=(drift,))


def _resume(
    machine: VirtualMachine, memory: RememberedActs, domain: ObservedDomain, record: Record, uuid: str, now: float
) -> PowerPlan:
    if domain.reason in PASSING:
        busy = f"libvirt has paused it for a moment ({domain.reason})"
        return PowerPlan(record, outcome=Waiting("Busy", busy, RESUME_AGAIN))
    if domain.reason == "ioerror":
        message = "paused by an I/O error, most often a full disk on the host: free space there; it is resumed every 30 s"
        due = memory.resume_asked is None or now - memory.resume_asked >= RESUME_AGAIN
        tries = (ResumeDomain(uuid, "it may go on if the disk has space again"),) if due else ()
        return PowerPlan(record, tries, Waiting("IOError", message, RESUME_AGAIN))
    if domain.reason == LEFT_SAVING:
        resume = ResumeDomain(uuid, "libvirtd ended while it saved the memory of the guest, and left it paused")
        return PowerPlan(record, (resume,), Waiting("Resuming", "resuming"))
    if _others_did(machine, record):
        return _report(machine, record, "paused (by someone)", "running")
    return PowerPlan(record, (ResumeDomain(uuid, "it should run, and is paused"),), Waiting("Resuming", "resuming"))
