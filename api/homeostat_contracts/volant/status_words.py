"""The contract's word for the state of a machine."""

from __future__ import annotations

from typing import Literal, get_args

from homeostat.models.machine import MachineState, VirtualMachine
from homeostat.service.kinds.power import state_of

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


def status_word(machine: VirtualMachine) -> StatusWord:
    return _WORDS[state_of(machine)]
