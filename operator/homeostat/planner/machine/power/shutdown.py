"""Shutting a guest down: ask, wait, and cut the power only as its policy says."""

from __future__ import annotations

from homeostat.models.machine import VirtualMachine

from ...actions import Action, PowerOffDomain, ResumeDomain, ShutdownDomain
from ...observed import DomainState, ObservedDomain, RememberedActs
from ...plan import Outcome, Waiting

UNHEALTHY = "Unhealthy"  # outcome of a plan that restarts a guest for its health
ASK_AGAIN = 10.0  # seconds; a guest that is still booting misses the first ACPI event
STARTING_UP = "starting-up"  # reason of a pause
# Reasons of a pause that libvirt itself ends, or that only the end of the run ends. Not "migration": a machine also has that
# reason after a restore from a save made while it was paused; during a real migration libvirt refuses to resume.
PASSING = frozenset({"save", "dump", "snapshot", "shutting-down", "crashed", STARTING_UP, "postcopy"})


def shut_down(
    machine: VirtualMachine, domain: ObservedDomain, memory: RememberedActs, now: float, why: str
) -> tuple[tuple[Action, ...], Outcome]:
    """Returns the next step of an orderly shutdown, and what is waited for. No other code path cuts the power."""
    policy, since, uuid = machine.spec.shutdown, memory.shutdown_since, domain.uuid
    grace, force = float(policy.grace_period_seconds), policy.on_timeout == "Force"
    if force and grace == 0:
        cut = PowerOffDomain(uuid, f"{why}; shutdown.gracePeriodSeconds is 0")
        return (cut,), Waiting("PoweringOff", "cutting the power", ASK_AGAIN)
    left = grace if since is None else since + grace - now
    if force and left <= 0:
        cut = PowerOffDomain(uuid, f"{why}; it did not shut down within {policy.grace_period_seconds} s")
        return (cut,), Waiting("PoweringOff", "the grace period is over: cutting the power", ASK_AGAIN)
    then = f"its power is cut after {policy.grace_period_seconds} s" if force else "shutdown.onTimeout: Wait keeps asking"
    waiting = f"waiting for the guest to shut down ({why}); {then}"
    agent_asked = memory.shutdown_asked is not None and memory.agent_asked
    soon = min(ASK_AGAIN, grace / 2) if force else ASK_AGAIN  # both ways are tried within the grace period
    again = soon if agent_asked else ASK_AGAIN
    next_ask = 0.0 if memory.shutdown_asked is None else memory.shutdown_asked + again - now
    if next_ask > 0:
        return (), Waiting("ShuttingDown", waiting, min(next_ask, left) if force else next_ask)
    actions: list[Action] = []
    if domain.state is DomainState.SUSPENDED or (domain.state is DomainState.PAUSED and domain.reason not in PASSING):
        actions.append(ResumeDomain(uuid, "a paused guest cannot shut down"))  # libvirt does not even ask one
    by_agent = domain.agent and not agent_asked  # both in turn: an agent may listen and do nothing
    again = soon if by_agent else ASK_AGAIN
    actions.append(ShutdownDomain(uuid, why, by_agent))
    return tuple(actions), Waiting("ShuttingDown", waiting, min(again, left) if force else again)
