"""Whether a machine is on, and should be: from its spec and its status, in one place. What that is called is a contract's."""

from __future__ import annotations

from homeostat.models.condition import STALLED, find_condition
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
# Nobody tries to start it.
_AT_REST = frozenset({MachineState.STOPPED, MachineState.SAVED, MachineState.SUCCEEDED})
# It is on or on its way; UNKNOWN: its host cannot be asked, and it may run there.
_ON = frozenset({MachineState.RUNNING, MachineState.STARTING, MachineState.UNKNOWN})


def wants_running(spec: VirtualMachineSpec) -> bool:
    if spec.run_strategy is RunStrategy.MANUAL:
        return spec.power in (Power.RUNNING, Power.PAUSED)
    return spec.run_strategy is not RunStrategy.HALTED


def is_current(machine: VirtualMachine) -> bool:
    """Whether the status speaks of the spec as it stands now."""
    return machine.status is not None and machine.status.observed_generation >= machine.metadata.generation


def is_off(machine: VirtualMachine) -> bool:
    """Whether the operator, knowing the present spec, saw no guest running."""
    return is_current(machine) and machine.status is not None and machine.status.state in _OFF


def state_of(machine: VirtualMachine) -> MachineState:
    """What was observed; where the operator has yet to act on the spec, what it is about to do."""
    if machine.deleting:
        return MachineState.DELETING
    wanted = wants_running(machine.spec)
    status = machine.status
    if status is None or status.state is MachineState.PENDING:
        stalled = find_condition(status.conditions, STALLED) if status else None
        if stalled is not None and stalled.status == "True":
            return MachineState.FAILED
        return MachineState.STARTING if wanted else MachineState.STOPPED
    if not is_current(machine):
        if wanted and status.state in _AT_REST:
            return MachineState.STARTING
        if not wanted and status.state is MachineState.RUNNING:
            return MachineState.STOPPING
    return status.state


def already_running(machine: VirtualMachine) -> bool:
    """Whether a start has nothing to add: it should run, and it runs or is on its way."""
    return wants_running(machine.spec) and state_of(machine) in _ON


def already_stopped(machine: VirtualMachine) -> bool:
    """Whether a stop has nothing to add: no guest runs, and none is about to."""
    if not is_off(machine):
        return False
    ended = machine.status is not None and machine.status.state is MachineState.SUCCEEDED
    return ended or not wants_running(machine.spec)
