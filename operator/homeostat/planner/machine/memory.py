"""What the operator remembers of its own acts on one machine, brought up to date with what was just observed. Pure.

In a reconcile: ``recall`` after observing, ``keep_asking`` before a plan is carried out, ``note`` after every action, ``unasked``
after one that failed. ``now`` is in seconds on the monotonic clock, so that a jump of the wall clock changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..actions import Action, DefineDomain, RenameDomain, ResumeDomain, SetMemory, ShutdownDomain, StartDomain, WriteRecord
from ..domain import DomainConfig, Record
from ..observed import REVERTED, ObservedDomain, RememberedActs
from ..plan import Plan
from .definition.live_changes import asked_of_guest
from .power.backoff import HEALTHY
from .power.shutdown import UNHEALTHY

_STOPPING = frozenset({"ShuttingDown", "PoweringOff", "Saving", "Terminating", UNHEALTHY})  # outcomes of plans that want it off


def recall(memory: RememberedActs, domain: ObservedDomain | None, now: float) -> RememberedActs:
    running = domain is not None and domain.state.active
    if memory.refused and not running:
        memory = replace(memory, refused={})
    if memory.memory_asked and _has_memory(domain) in (None, memory.memory_asked):
        memory = replace(memory, memory_asked=0)
    if domain is not None and domain.record is not None and domain.record.written_at > memory.written_at:
        memory = replace(memory, written_at=domain.record.written_at)
    if running:
        if memory.running_since is None:
            return replace(memory, running_since=now)
        if memory.ended and now - memory.running_since >= HEALTHY:
            return replace(memory, ended=0)
        return memory
    if memory.running_since is None:
        return memory if memory.shutdown_since is None else replace(memory, shutdown_since=None, shutdown_asked=None)
    ours = not memory.unhealthy and (memory.shutdown_since is not None or _asked_before(domain))
    asked = ours or domain is None or domain.managed_save or domain.reason == REVERTED
    healthy = now - memory.running_since >= HEALTHY
    return replace(
        memory,
        running_since=None,
        shutdown_since=None,
        shutdown_asked=None,
        unhealthy=False,
        ended=0 if asked else 1 if healthy else memory.ended + 1,
        last_end=None if asked else now,
    )


def _has_memory(domain: ObservedDomain | None) -> int | None:
    """Returns the bytes that the running guest is left with; None: nothing runs."""
    if domain is None or domain.live is None:
        return None
    return domain.balloon or domain.live.memory


def _asked_before(domain: ObservedDomain | None) -> bool:
    """Tells whether it ended as we had asked it to, though that is no longer wanted, or another run of the operator asked."""
    known = domain.record if domain else None
    return domain is not None and known is not None and known.outcome == "Stopping" and domain.reason in ("shutdown", "destroyed")


def keep_asking(memory: RememberedActs, plan: Plan, now: float) -> RememberedActs:
    """Begins the grace period with the first plan that wants the machine off, even if asking the guest fails. Ends it with the
    first plan that does not, so that a later shutdown has a whole one."""
    if memory.refused:
        wanted = {change.field for change in (*plan.changes, *plan.pending)}
        memory = replace(memory, refused={field: times for field, times in memory.refused.items() if field in wanted})
    unhealthy = plan.outcome.reason == UNHEALTHY
    if memory.unhealthy != unhealthy:
        memory = replace(memory, unhealthy=unhealthy)
    if plan.outcome.reason in _STOPPING:
        return memory if memory.shutdown_since is not None else replace(memory, shutdown_since=now)
    return memory if memory.shutdown_since is None else replace(memory, shutdown_since=None, shutdown_asked=None)


def unasked(memory: RememberedActs, before: RememberedActs, failed: Action, left: Sequence[Action]) -> RememberedActs:
    """Takes back that the grace period began, where a step failed before the guest was asked for the first time. Such a step,
    as a copy of its kernel onto a full disk, may fail for longer than that, and its power would be cut next, unasked."""
    began = before.shutdown_since is None and any(isinstance(action, ShutdownDomain) for action in left)
    if not began or isinstance(failed, ResumeDomain):  # that is the first half of asking a paused one
        return memory
    return replace(memory, shutdown_since=None)


def note(memory: RememberedActs, action: Action, now: float) -> RememberedActs:
    """Notes one of our own acts, once it is carried out."""
    match action:
        case DefineDomain(config=DomainConfig(record=Record() as record)) | WriteRecord(record=record):
            return replace(memory, written_at=record.written_at)  # whatever the clock did in between
        case StartDomain():
            restarts = memory.restarts + (1 if memory.ended else 0)
            return replace(memory, running_since=now, restarts=restarts, shutdown_since=None, shutdown_asked=None)
        case ShutdownDomain():
            return replace(memory, shutdown_asked=now, agent_asked=action.by_agent)
        case ResumeDomain():
            return replace(memory, resume_asked=now)
        case SetMemory(memory=asked):
            return replace(memory, memory_asked=asked)
        case RenameDomain():
            return replace(memory, rename_asked=now)
    return memory


def note_refusal(memory: RememberedActs, action: Action) -> RememberedActs:
    """Notes that the running guest did not do what an action asked of it."""
    field = asked_of_guest(action)
    return replace(memory, refused={**memory.refused, field: memory.refused.get(field, 0) + 1}) if field else memory


def healthy_in(memory: RememberedActs, now: float) -> float | None:
    """Returns the seconds until the count of ends is forgotten; None when there is nothing to forget."""
    if not memory.ended or memory.running_since is None:
        return None
    return max(0.0, memory.running_since + HEALTHY - now)
