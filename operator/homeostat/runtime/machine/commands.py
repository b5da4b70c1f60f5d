"""Start, stop and restart as edits of desired state. Each returns a merge patch (RFC 7386) of the resource. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeostat.models.base import API_GROUP
from homeostat.models.machine import MachineState, RunStrategy, VirtualMachine

REPLACED = f"{API_GROUP}/run-strategy"
"""An annotation of a machine that was stopped: the runStrategy that start brings back. _UNSET: the spec had none. It is void once
somebody else writes the runStrategy (``outlived``)."""
_UNSET = "Default"
Patch = dict[str, Any]
# It runs, or its host cannot be asked whether it does.
_UP = frozenset({MachineState.STARTING, MachineState.RUNNING, MachineState.PAUSED, MachineState.UNKNOWN})


def start(machine: VirtualMachine, now: str) -> Patch:
    """Makes it run, also where its strategy let it end. Changes nothing where it runs."""
    match machine.spec.run_strategy:
        case RunStrategy.HALTED:
            return _with_former_strategy(machine, now)
        case RunStrategy.ALWAYS:
            return {}
        case RunStrategy.MANUAL:
            return {"spec": {"power": "Running"} | _again(machine, now)}
        case _:
            return {"spec": _again(machine, now)}


def _with_former_strategy(machine: VirtualMachine, now: str) -> Patch:
    """Takes back what ``stop`` wrote. Without the annotation nobody stopped the machine: it was created halted."""
    noted = machine.metadata.annotations.get(REPLACED)
    forget: Patch = {"metadata": {"annotations": {REPLACED: None}}} if noted is not None else {}
    if noted in (RunStrategy.ONCE, RunStrategy.RERUN_ON_FAILURE):
        return forget | {"spec": {"runStrategy": noted} | _again(machine, now)}
    # A plugin may have a better strategy than Always: a batch workload runs once.
    unset = noted == _UNSET or (noted is None and machine.spec.plugin_ref)
    return forget | {"spec": {"runStrategy": None if unset else "Always"}}


def _again(machine: VirtualMachine, now: str) -> Patch:
    """Returns the token that starts a machine that had ended. It would restart one that runs."""
    state = machine.status.state if machine.status else MachineState.PENDING
    return {} if state in _UP else {"restartedAt": now}


def stop(machine: VirtualMachine, force: bool, now: str) -> Patch:
    """Shuts it down, keeps it off, and records what ``start`` brings back. With ``force`` it cuts the power."""
    strategy = machine.spec.run_strategy
    patch: Patch = {"spec": {"power": "Stopped"} if strategy is RunStrategy.MANUAL else {"runStrategy": "Halted"}}
    if strategy not in (RunStrategy.MANUAL, RunStrategy.HALTED):
        noted = str(strategy) if "run_strategy" in machine.spec.model_fields_set else _UNSET
        patch["metadata"] = {"annotations": {REPLACED: noted}}
    if force:
        patch["spec"]["poweredOffAt"] = now
    return patch


def outlived(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> Patch:
    """Drops a note that ``stop`` did not write for the Halted that is there: a later ``start`` must not bring back what nobody
    wants any more. Takes the document before (None: there was none) and after a change, and returns a patch of ``after``."""
    note = _note(after)
    return {} if note is None or _holds(note, before, after) else {"metadata": {"annotations": {REPLACED: None}}}


def _holds(note: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> bool:
    """Says whether ``stop`` made the machine Halted and wrote the note then: the note names what was replaced, or stood there
    with the Halted before."""
    if _strategy(after) != RunStrategy.HALTED:
        return False
    if before is None:
        return True  # nothing is known of what was there
    was = _strategy(before)
    if was == RunStrategy.HALTED:
        return _note(before) is not None
    if was is None:  # a plugin may have said Once
        return note in (_UNSET, RunStrategy.ALWAYS) or bool((before.get("spec") or {}).get("pluginRef"))
    return bool(note == was)


def _strategy(document: Mapping[str, Any]) -> Any:
    return (document.get("spec") or {}).get("runStrategy")


def _note(document: Mapping[str, Any]) -> Any:
    return ((document.get("metadata") or {}).get("annotations") or {}).get(REPLACED)


def restart(machine: VirtualMachine, now: str) -> Patch:
    """Shuts it down and boots it again. A halted machine is started."""
    if machine.spec.run_strategy is RunStrategy.HALTED:
        return start(machine, now)
    manual = machine.spec.run_strategy is RunStrategy.MANUAL
    return {"spec": ({"power": "Running"} if manual else {}) | {"restartedAt": now}}


def restore(snapshot: str, token: str) -> Patch:
    """Brings it back to a snapshot."""
    return {"spec": {"restoreFrom": {"snapshot": snapshot, "token": token}}}


def suspend(machine: VirtualMachine, on: bool) -> Patch:
    """Leaves the machine alone, or looks after it again."""
    return {"spec": {"suspend": True if on else None}}
