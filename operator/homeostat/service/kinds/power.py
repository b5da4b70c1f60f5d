"""Says of a machine whether it is on, and should be, from its spec and its status. Each contract has its own words for it."""

from __future__ import annotations

from homeostat.models.condition import READY, STALLED, find_condition, holds
from homeostat.models.machine import MachineState, Power, RunStrategy, VirtualMachine, VirtualMachineSpec

_OFF = frozenset(
    {
        MachineState.PENDING,
        MachineState.STOPPED,
        MachineState.SAVED,
        MachineState.CRASH_LOOP,
        MachineState.SUCCEEDED,
        MachineState.FAILED,
    }
)
# It is off, and nothing failed.
_AT_REST = frozenset({MachineState.STOPPED, MachineState.SAVED, MachineState.SUCCEEDED})
# It runs or is starting. UNKNOWN: its host does not answer, and it may run there.
_ON = frozenset({MachineState.RUNNING, MachineState.STARTING, MachineState.UNKNOWN})


def wants_running(spec: VirtualMachineSpec) -> bool:
    """Says whether it should be on."""
    if spec.run_strategy is RunStrategy.MANUAL:
        return spec.power in (Power.RUNNING, Power.PAUSED)
    return spec.run_strategy is not RunStrategy.HALTED


def runs(machine: VirtualMachine) -> bool:
    """Says whether a guest runs, as far as is known."""
    return machine.status is not None and machine.status.state not in _OFF


def is_current(machine: VirtualMachine) -> bool:
    """Says whether the status is about the present spec."""
    return machine.status is not None and machine.status.observed_generation >= machine.metadata.generation


def is_off(machine: VirtualMachine) -> bool:
    """Says whether the operator has seen the present spec, and no running guest."""
    return is_current(machine) and machine.status is not None and machine.status.state in _OFF


def state_of(machine: VirtualMachine) -> MachineState:
    """Returns the observed state, or what the operator will do next where it has yet to act on the spec."""
    if machine.deleting:
        return MachineState.DELETING
    wanted = wants_running(machine.spec)
    status = machine.status
    if status is None or status.state is MachineState.PENDING:
        if holds(status, STALLED):
            return MachineState.FAILED
        return MachineState.STARTING if wanted else MachineState.STOPPED
    if not is_current(machine):
        if wanted and status.state in _AT_REST:
            return MachineState.STARTING
        if not wanted and status.state is MachineState.RUNNING:
            return MachineState.STOPPING
    return status.state


def already_running(machine: VirtualMachine) -> bool:
    """Says whether a start would change nothing: it should be on, and runs or is starting."""
    return wants_running(machine.spec) and state_of(machine) in _ON


def already_stopped(machine: VirtualMachine) -> bool:
    """Says whether a stop would change nothing: no guest runs, and none will start."""
    if not is_off(machine):
        return False
    ended = machine.status is not None and machine.status.state is MachineState.SUCCEEDED
    return ended or not wants_running(machine.spec)


def is_up(machine: VirtualMachine) -> bool:
    """Says whether the operator has seen the present spec, and a guest that runs."""
    return is_current(machine) and machine.status is not None and machine.status.state is MachineState.RUNNING


def fails_to_start(machine: VirtualMachine) -> bool:
    """Says whether the operator has seen the present spec, and could not start it or had to give it up. What another machine has
    may be free one day, but nobody waits for that."""
    if not is_current(machine) or machine.status is None:
        return False
    ready = find_condition(machine.status.conditions, READY)
    if ready is not None and ready.status == "False" and ready.reason.endswith("Taken"):
        return True
    ended = machine.status.state in (MachineState.FAILED, MachineState.CRASH_LOOP, MachineState.SUCCEEDED)
    return ended or holds(machine.status, STALLED)


def why_off(machine: VirtualMachine) -> str:
    """Returns what keeps it off, as the operator says of its present spec; empty: nothing."""
    if machine.status is None or not is_current(machine):
        return ""
    wrong = [c.message for c in machine.status.conditions if (c.type, c.status) in ((READY, "False"), (STALLED, "True"))]
    return next(filter(None, wrong), "")
