"""Whether a machine is on, should be on, and the contract's word for it: from its spec and its status, in one place."""

from __future__ import annotations

from typing import Literal, get_args

from homeostat.models.condition import STALLED, find_condition
from homeostat.models.machine import MachineState, Power, RunStrategy, VirtualMachine, VirtualMachineSpec

# running, stopped and starting are the contract's; the others are ours.
StatusWord = Literal["running", "stopped", "starting", "stopping", "paused", "error", "unknown"]
STATUS_WORDS: tuple[str, ...] = get_args(StatusWord)

_WORDS: dict[MachineState, StatusWord] = {
    MachineState.PENDING: "starting",
    MachineState.STOPPED: "stopped",
    MachineState.STARTING: "starting",
    MachineState.RUNNING: "running",
    MachineState.PAUSED: "paused",
    MachineState.SAVED: "stopped",
    MachineState.STOPPING: "stopping",
    MachineState.CRASH_LOOP: "error",
    MachineState.SUCCEEDED: "stopped",
    MachineState.FAILED: "error",
    MachineState.DELETING: "stopping",
    MachineState.UNKNOWN: "unknown",
}
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


def status_word(machine: VirtualMachine) -> StatusWord:
    """What was observed; where the operator has yet to act on the spec, what it is about to do."""
    if machine.deleting:
        return "stopping"
    wanted = wants_running(machine.spec)
    status = machine.status
    if status is None or status.state is MachineState.PENDING:
        stalled = find_condition(status.conditions, STALLED) if status else None
        if stalled is not None and stalled.status == "True":
            return "error"
        return "starting" if wanted else "stopped"
    word = _WORDS[status.state]
    if not is_current(machine):
        if wanted and word == "stopped":
            return "starting"
        if not wanted and word == "running":
            return "stopping"
    return word


def already_running(machine: VirtualMachine) -> bool:
    """Whether a start has nothing to add: it should run, and it runs or is on its way."""
    if not wants_running(machine.spec) or machine.deleting:
        return False
    return status_word(machine) in ("running", "starting", "unknown")


def already_stopped(machine: VirtualMachine) -> bool:
    """Whether a stop has nothing to add: no guest runs, and none is about to."""
    if not is_off(machine):
        return False
    ended = machine.status is not None and machine.status.state is MachineState.SUCCEEDED
    return ended or not wants_running(machine.spec)
