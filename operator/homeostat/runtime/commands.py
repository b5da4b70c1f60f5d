"""Start, stop and restart as edits of desired state: each a merge patch (RFC 7386) of the resource. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from homeostat.models.machine import MachineState, RunStrategy, VirtualMachine

Patch = dict[str, Any]
# It runs, or its host cannot be asked whether it still does.
_UP = frozenset({MachineState.STARTING, MachineState.RUNNING, MachineState.PAUSED, MachineState.UNKNOWN})


def timestamp() -> str:
    """Now, fine enough that two commands in a row differ (RFC 3339, UTC)."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def start(machine: VirtualMachine, now: str) -> Patch:
    """Makes it run, also when its strategy let it end; one that runs is left alone."""
    match machine.spec.run_strategy:
        case RunStrategy.HALTED:
            # A plugin may know better than Always: a batch workload runs once.
            return {"spec": {"runStrategy": None if machine.spec.plugin_ref else "Always"}}
        case RunStrategy.ALWAYS:
            return {}
        case RunStrategy.MANUAL:
            return {"spec": {"power": "Running"} | _again(machine, now)}
        case _:
            return {"spec": _again(machine, now)}


def _again(machine: VirtualMachine, now: str) -> Patch:
    """The token that starts one that had ended; it would restart one that runs."""
    state = machine.status.state if machine.status else MachineState.PENDING
    return {} if state in _UP else {"restartedAt": now}


def stop(machine: VirtualMachine, force: bool, now: str) -> Patch:
    """Shuts it down and keeps it off; with ``force`` cuts its power."""
    manual = machine.spec.run_strategy is RunStrategy.MANUAL
    spec: Patch = {"power": "Stopped"} if manual else {"runStrategy": "Halted"}
    if force:
        spec["poweredOffAt"] = now
    return {"spec": spec}


def restart(machine: VirtualMachine, now: str) -> Patch:
    """Shuts it down and boots it again; a halted machine is started."""
    if machine.spec.run_strategy is RunStrategy.HALTED:
        return start(machine, now)
    manual = machine.spec.run_strategy is RunStrategy.MANUAL
    return {"spec": ({"power": "Running"} if manual else {}) | {"restartedAt": now}}


def suspend(machine: VirtualMachine, on: bool) -> Patch:
    """Leaves the machine alone, or takes it up again."""
    return {"spec": {"suspend": True if on else None}}
