"""The power of one machine: what it should be doing, and the next step towards that.

The record on the domain carries what the decision needs across restarts of the operator: which tokens and which power
were carried out, and how the last run stands. ``outcome`` goes Starting (a start is due or under way) → Started → Succeeded
or Failed; it is kept only where a strategy asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

from homeostat.models.machine import DriftPolicy, Power, RunStrategy, UpdatePolicy, VirtualMachine

from ..actions import Action, PauseDomain, PowerOffDomain, ResumeDomain, SaveDomain, StartDomain
from ..backoff import restart_delay
from ..domain import Record
from ..observed import DomainState, Memory, Observed, ObservedDomain
from ..plan import Change, Converged, Disruption, Outcome, Waiting
from .shutdown import shut_down

RESUME_AGAIN = 30.0  # seconds between tries to resume a machine that an I/O error paused


class Intent(Enum):
    RUN = auto()
    OFF = auto()
    PAUSE = auto()
    SAVE = auto()
    LEAVE = auto()  # it ended, and its strategy does not start it again


@dataclass(frozen=True, slots=True)
class PowerPlan:
    """``record`` must be on the domain before ``actions`` are carried out."""

    record: Record
    actions: tuple[Action, ...] = ()
    outcome: Outcome = Converged()
    drift: tuple[Change, ...] = ()


def plan_power(
    machine: VirtualMachine, observed: Observed, record: Record, pending: tuple[Change, ...], uuid: str, now: float
) -> PowerPlan:
    """``pending`` are the changes that only a restart brings to the guest."""
    spec, domain = machine.spec, observed.domain
    state = domain.state if domain else DomainState.SHUTOFF
    record = _with_ended(record, domain)
    token = (spec.restarted_at or "") != record.restarted_at
    intent = _intent(machine, record, state, token)
    match intent:
        case Intent.LEAVE:
            return PowerPlan(record, outcome=Converged("Ended", _ended_message(machine, record)))
        case Intent.OFF:
            return _stop(machine, observed, record, uuid, now)
        case Intent.SAVE if state.active:
            return PowerPlan(record, (SaveDomain(uuid, "power: Saved"),), Waiting("Saving", "saving its memory to disk"))
        case Intent.SAVE:
            return PowerPlan(replace(record, power=Power.SAVED, outcome=""), outcome=Converged("Saved"))
        case Intent.RUN | Intent.PAUSE if not state.active:
            return _start(machine, observed, record, intent, token, uuid, now)
    assert domain is not None
    if token or (pending and spec.update_policy is UpdatePolicy.IMMEDIATE):
        why = "restartedAt changed" if token else f"updatePolicy: Immediate, and {pending[0].field} needs a restart"
        marked = replace(record, outcome="Starting") if _keeps_outcome(machine) else record
        return PowerPlan(marked, *shut_down(machine, domain, observed.memory, now, f"restart: {why}"))
    return _keep(machine, observed.memory, domain, record, intent, uuid, now)


def _keeps_outcome(machine: VirtualMachine) -> bool:
    """Always and Halted need no memory of how a run ended, but for reporting who ended it."""
    spec = machine.spec
    return spec.run_strategy not in (RunStrategy.ALWAYS, RunStrategy.HALTED) or spec.drift_policy is DriftPolicy.REPORT


def _with_ended(record: Record, domain: ObservedDomain | None) -> Record:
    """A run that was Started and is off now has ended: well only if the guest shut itself down."""
    if record.outcome != "Started" or domain is None or domain.state.active or domain.managed_save:
        return record
    if domain.reason == "destroyed":
        return replace(record, outcome="Destroyed")
    return replace(record, outcome="Succeeded" if domain.reason == "shutdown" else "Failed")


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


def _ended_message(machine: VirtualMachine, record: Record) -> str:
    how = {
        "Succeeded": "its guest shut down by itself",
        "Failed": "it ended unexpectedly",
        "Destroyed": "someone cut its power",
    }
    return (
        f"{how[record.outcome]}; runStrategy {machine.spec.run_strategy} does not start it again "
        f"(`homeostat start {machine.metadata.name}` does)"
    )


def _stop(machine: VirtualMachine, observed: Observed, record: Record, uuid: str, now: float) -> PowerPlan:
    domain, token = observed.domain, machine.spec.powered_off_at or ""
    if domain is None or not domain.state.active:
        off = replace(record, powered_off_at=token, power=Power.STOPPED, outcome="", restarted_at=machine.spec.restarted_at or "")
        return PowerPlan(off, outcome=Converged("Halted"))
    if token != record.powered_off_at:
        return PowerPlan(record, (PowerOffDomain(uuid, "poweredOffAt changed"),), Waiting("PoweringOff", "cutting the power"))
    why = f"runStrategy: {machine.spec.run_strategy}" + (
        ", power: Stopped" if machine.spec.run_strategy is RunStrategy.MANUAL else ""
    )
    return PowerPlan(record, *shut_down(machine, domain, observed.memory, now, why))


def _start(
    machine: VirtualMachine, observed: Observed, record: Record, intent: Intent, token: bool, uuid: str, now: float
) -> PowerPlan:
    memory, domain, spec = observed.memory, observed.domain, machine.spec
    if record.outcome == "Destroyed" and spec.drift_policy is DriftPolicy.REPORT and not token:
        drift = Change("power", "off (someone cut its power)", "running", Disruption.LIVE)
        return PowerPlan(
            record,
            outcome=Converged("Drifted", "someone cut its power; driftPolicy: Report leaves it off"),
            drift=(drift,),
        )
    delay = restart_delay(memory.ended)
    left = memory.last_end + delay - now if memory.last_end is not None and memory.ended and not token else 0.0
    if left > 0:
        message = f"ended {memory.ended} times in a row without being asked to; starting again in {left:.0f} s"
        return PowerPlan(record, outcome=Waiting("CrashLoopBackOff", message, left))
    reason = (
        "restartedAt changed"
        if token
        else f"it ended ({domain.reason})"
        if domain and memory.ended
        else f"runStrategy: {spec.run_strategy}"
    )
    started = replace(
        record,
        restarted_at=spec.restarted_at or "",
        outcome="Starting" if _keeps_outcome(machine) else "",
        power=spec.power or "" if spec.run_strategy is RunStrategy.MANUAL else "",
    )
    return PowerPlan(started, (StartDomain(uuid, intent is Intent.PAUSE, reason),), Waiting("Starting", "starting"))


def _keep(
    machine: VirtualMachine,
    memory: Memory,
    domain: ObservedDomain,
    record: Record,
    intent: Intent,
    uuid: str,
    now: float,
) -> PowerPlan:
    """It is active, as it should be; running or paused is what may differ."""
    spec = machine.spec
    settled = replace(
        record,
        outcome="Started" if _keeps_outcome(machine) else "",
        power=spec.power or "" if spec.run_strategy is RunStrategy.MANUAL else record.power,
    )
    match domain.state:
        case DomainState.SHUTTING_DOWN:
            return PowerPlan(settled, outcome=Waiting("ShuttingDown", "the guest is shutting down"))
        case DomainState.SUSPENDED:
            return PowerPlan(settled, outcome=Converged("Asleep", "the guest put itself to sleep"))
        case DomainState.RUNNING if intent is Intent.PAUSE:
            return PowerPlan(settled, (PauseDomain(uuid, "power: Paused"),), Waiting("Pausing", "pausing"))
        case DomainState.PAUSED if intent is Intent.RUN:
            return _resume(machine, memory, domain, settled, record, uuid, now)
    return PowerPlan(settled)


def _resume(
    machine: VirtualMachine,
    memory: Memory,
    domain: ObservedDomain,
    settled: Record,
    record: Record,
    uuid: str,
    now: float,
) -> PowerPlan:
    if domain.reason in ("migration", "save", "dump", "snapshot", "starting-up", "postcopy"):
        return PowerPlan(settled, outcome=Waiting("Busy", f"libvirt has paused it for a moment ({domain.reason})", RESUME_AGAIN))
    if domain.reason == "ioerror":
        message = "paused by an I/O error, most often a full disk on the host: free space there; it is resumed every 30 s"
        due = memory.resume_asked is None or now - memory.resume_asked >= RESUME_AGAIN
        tries = (ResumeDomain(uuid, "it may go on if the disk has space again"),) if due else ()
        return PowerPlan(settled, tries, Waiting("IOError", message, RESUME_AGAIN))
    asked_by_spec = machine.spec.run_strategy is RunStrategy.MANUAL and record.power != Power.RUNNING
    if machine.spec.drift_policy is DriftPolicy.REPORT and not asked_by_spec:
        drift = Change("power", "paused by someone else", "running", Disruption.LIVE)
        return PowerPlan(settled, drift=(drift,))
    return PowerPlan(settled, (ResumeDomain(uuid, "it should run, and is paused"),), Waiting("Resuming", "resuming"))
