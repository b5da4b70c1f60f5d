"""Start, stop and restart as edits of desired state: each a merge patch (RFC 7386) of the resource. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from homeostat.models.machine import RunStrategy, VirtualMachine

Patch = dict[str, Any]


def timestamp() -> str:
    """Now, fine enough that two commands in a row differ (RFC 3339, UTC)."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def start(machine: VirtualMachine, now: str) -> Patch:
    """Makes it run, also when its strategy let it end."""
    match machine.spec.run_strategy:
        case RunStrategy.HALTED:
            # A plugin may know better than Always: a batch workload runs once.
            return {"spec": {"runStrategy": None if machine.spec.plugin_ref else "Always"}}
        case RunStrategy.MANUAL:
            return {"spec": {"power": "Running", "restartedAt": now}}
        case RunStrategy.ALWAYS:
            return {}
        case _:
            return {"spec": {"restartedAt": now}}


def stop(machine: VirtualMachine, force: bool, now: str) -> Patch:
    """Shuts it down and keeps it off; with ``force`` cuts its power."""
    manual = machine.spec.run_strategy is RunStrategy.MANUAL
    spec: Patch = {"power": "Stopped"} if manual else {"runStrategy": "Halted"}
    if force:
        spec["poweredOffAt"] = now
    return {"spec": spec}


def restart(machine: VirtualMachine, now: str) -> Patch:
    """Shuts it down and boots it again; a halted machine is started."""
    halted = machine.spec.run_strategy is RunStrategy.HALTED
    if halted or (machine.spec.run_strategy is RunStrategy.MANUAL and machine.spec.power != "Running"):
        return start(machine, now)
    return {"spec": {"restartedAt": now}}


def suspend(machine: VirtualMachine, on: bool) -> Patch:
    """Leaves the machine alone, or takes it up again."""
    return {"spec": {"suspend": True if on else None}}
