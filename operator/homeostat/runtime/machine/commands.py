"""Start, stop and restart as edits of desired state: each a merge patch (RFC 7386) of the resource. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeostat.models.base import API_GROUP
from homeostat.models.machine import MachineState, RunStrategy, VirtualMachine

REPLACED = f"{API_GROUP}/run-strategy"
"""Annotation of a machine that was stopped: the runStrategy that start brings back; _UNSET where the spec had said none."""
_UNSET = "Default"
Patch = dict[str, Any]
# It runs, or its host cannot be asked whether it still does.
_UP = frozenset({MachineState.STARTING, MachineState.RUNNING, MachineState.PAUSED, MachineState.UNKNOWN})


def start(machine: VirtualMachine, now: str) -> Patch:
    """Makes it run, also when its strategy let it end; one that runs is left alone."""
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
    """Takes back what ``stop`` wrote. Nobody stopped it where the annotation says nothing: it was made halted."""
    noted = machine.metadata.annotations.get(REPLACED)
    forget: Patch = {"metadata": {"annotations": {REPLACED: None}}} if noted is not None else {}
    if noted in (RunStrategy.ONCE, RunStrategy.RERUN_ON_FAILURE):
        return forget | {"spec": {"runStrategy": noted} | _again(machine, now)}
    # A plugin may know better than Always: a batch workload runs once.
    unset = noted == _UNSET or (noted is None and machine.spec.plugin_ref)
    return forget | {"spec": {"runStrategy": None if unset else "Always"}}


def _again(machine: VirtualMachine, now: str) -> Patch:
    """The token that starts one that had ended; it would restart one that runs."""
    state = machine.status.state if machine.status else MachineState.PENDING
    return {} if state in _UP else {"restartedAt": now}


def stop(machine: VirtualMachine, force: bool, now: str) -> Patch:
    """Shuts it down and keeps it off, and notes what ``start`` is to bring back; with ``force`` cuts its power."""
    strategy = machine.spec.run_strategy
    patch: Patch = {"spec": {"power": "Stopped"} if strategy is RunStrategy.MANUAL else {"runStrategy": "Halted"}}
    if strategy not in (RunStrategy.MANUAL, RunStrategy.HALTED):
        noted = str(strategy) if "run_strategy" in machine.spec.model_fields_set else _UNSET
        patch["metadata"] = {"annotations": {REPLACED: noted}}
    if force:
        patch["spec"]["poweredOffAt"] = now
    return patch


def outlived(before: Mapping[str, Any], after: Mapping[str, Any]) -> Patch:
    """Drops what ``stop`` noted, where another change lets the machine run again: a later ``start`` must not bring it back.
    Takes the document before and after that change; the patch is one of ``after``."""
    (was, noted), (strategy, note) = _strategy_and_note(before), _strategy_and_note(after)
    over = was == RunStrategy.HALTED != strategy and noted is not None and noted == note
    return {"metadata": {"annotations": {REPLACED: None}}} if over else {}


def _strategy_and_note(document: Mapping[str, Any]) -> tuple[Any, Any]:
    metadata = document.get("metadata") or {}
    return (document.get("spec") or {}).get("runStrategy"), (metadata.get("annotations") or {}).get(REPLACED)


def restart(machine: VirtualMachine, now: str) -> Patch:
    """Shuts it down and boots it again; a halted machine is started."""
    if machine.spec.run_strategy is RunStrategy.HALTED:
        return start(machine, now)
    manual = machine.spec.run_strategy is RunStrategy.MANUAL
    return {"spec": ({"power": "Running"} if manual else {}) | {"restartedAt": now}}


def suspend(machine: VirtualMachine, on: bool) -> Patch:
    """Leaves the machine alone, or takes it up again."""
    return {"spec": {"suspend": True if on else None}}
