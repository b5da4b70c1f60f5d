"""Start, stop, restart and suspend: what each writes for a machine of each strategy and state."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.models.machine import MachineState, VirtualMachine, VirtualMachineStatus
from homeostat.runtime.engine.clock import timestamp
from homeostat.runtime.machine.commands import REPLACED, outlived, restart, start, stop, suspend
from homeostat.store.merge import merge_patch
from tests.unit.machines import machine

NOW = "2026-01-01T00:00:00Z"
ON = [MachineState.STARTING, MachineState.RUNNING, MachineState.PAUSED, MachineState.UNKNOWN]
OFF = [MachineState.STOPPED, MachineState.SUCCEEDED, MachineState.FAILED, MachineState.PENDING, MachineState.SAVED]


def one(state: MachineState | None = None, noted: str | None = None, **spec: Any) -> VirtualMachine:
    vm = machine(**spec)
    if noted is not None:
        vm = vm.model_copy(update={"metadata": vm.metadata.model_copy(update={"annotations": {REPLACED: noted}})})
    return vm if state is None else vm.model_copy(update={"status": VirtualMachineStatus(state=state)})


@pytest.mark.parametrize("state", ON)
@pytest.mark.parametrize("strategy", ["Once", "RerunOnFailure"])
def test_start_leaves_alone_what_runs(strategy: str, state: MachineState) -> None:
    assert start(one(state, runStrategy=strategy), NOW) == {"spec": {}}
    assert start(one(state, runStrategy="Manual"), NOW) == {"spec": {"power": "Running"}}


@pytest.mark.parametrize("state", [*OFF, None])
@pytest.mark.parametrize("strategy", ["Once", "RerunOnFailure"])
def test_start_begins_anew_what_ended(strategy: str, state: MachineState | None) -> None:
    assert start(one(state, runStrategy=strategy), NOW) == {"spec": {"restartedAt": NOW}}
    assert start(one(state, runStrategy="Manual"), NOW) == {"spec": {"power": "Running", "restartedAt": NOW}}


def test_start_of_what_always_runs_changes_nothing() -> None:
    assert start(one(), NOW) == {}


@pytest.mark.parametrize(
    ("noted", "spec", "written"),
    [
        (None, {}, {"runStrategy": "Always"}),
        (None, {"pluginRef": {"name": "app"}}, {"runStrategy": None}),  # a plugin may know better
        ("Default", {}, {"runStrategy": None}),
        ("Always", {}, {"runStrategy": "Always"}),
        ("Always", {"pluginRef": {"name": "app"}}, {"runStrategy": "Always"}),
        ("Once", {}, {"runStrategy": "Once", "restartedAt": NOW}),
        ("RerunOnFailure", {}, {"runStrategy": "RerunOnFailure", "restartedAt": NOW}),
        ("Nonsense", {}, {"runStrategy": "Always"}),
    ],
)
def test_start_brings_back_what_stop_replaced(noted: str | None, spec: dict[str, Any], written: dict[str, Any]) -> None:
    patch = start(one(MachineState.STOPPED, noted, runStrategy="Halted", **spec), NOW)
    forget = {} if noted is None else {"metadata": {"annotations": {REPLACED: None}}}
    assert patch == {**forget, "spec": written}


@pytest.mark.parametrize(
    ("spec", "noted", "written"),
    [
        ({}, "Default", {"runStrategy": "Halted"}),
        ({"runStrategy": "Always"}, "Always", {"runStrategy": "Halted"}),
        ({"runStrategy": "Once"}, "Once", {"runStrategy": "Halted"}),
        ({"runStrategy": "Halted"}, None, {"runStrategy": "Halted"}),
        ({"runStrategy": "Manual", "power": "Running"}, None, {"power": "Stopped"}),
    ],
)
@pytest.mark.parametrize("force", [True, False])
def test_stop_notes_what_start_brings_back(spec: dict[str, Any], noted: str | None, written: dict[str, Any], force: bool) -> None:
    kept = {} if noted is None else {"metadata": {"annotations": {REPLACED: noted}}}
    assert stop(one(**spec), force, NOW) == {**kept, "spec": {**written, **({"poweredOffAt": NOW} if force else {})}}


STRATEGIES = [None, "Always", "Once", "RerunOnFailure", "Manual", "Halted"]
FORGET = {"metadata": {"annotations": {REPLACED: None}}}


def document(strategy: str | None, noted: str | None) -> dict[str, Any]:
    spec = {} if strategy is None else {"spec": {"runStrategy": strategy}}
    return {**spec, "metadata": {"name": "web"} if noted is None else {"name": "web", "annotations": {REPLACED: noted}}}


@pytest.mark.parametrize(("was", "now"), list(product(STRATEGIES, STRATEGIES)))
@pytest.mark.parametrize("noted", ["Default", "Always", "Once"])
def test_a_note_goes_with_the_halted_that_it_was_written_for(was: str | None, now: str | None, noted: str) -> None:
    """It stood there before, or names what was replaced."""
    fits = was in ("Halted", noted) or (was is None and noted in ("Default", "Always"))
    assert outlived(document(was, noted), document(now, noted)) == ({} if now == "Halted" and fits else FORGET)


@pytest.mark.parametrize("was", STRATEGIES)
@pytest.mark.parametrize("now", STRATEGIES)
def test_without_a_note_nothing_is_forgotten(was: str | None, now: str | None) -> None:
    assert outlived(document(was, "Once"), document(now, None)) == {} == outlived(None, document(now, None))


def test_a_note_on_what_was_halted_without_one_is_void() -> None:
    assert outlived(document("Halted", None), document("Halted", "Once")) == FORGET
    assert outlived(document("Halted", "Always"), document("Halted", "Once")) == {}


@pytest.mark.parametrize(("now", "kept"), [("Halted", True), ("Always", False), (None, False)])
def test_where_nothing_was_before_it_counts_while_the_machine_is_halted(now: str | None, kept: bool) -> None:
    assert outlived(None, document(now, "Once")) == ({} if kept else FORGET)


@pytest.mark.parametrize("noted", ["Default", "Once"])
def test_a_strategy_that_a_plugin_gave_may_be_noted(noted: str) -> None:
    before = document(None, None) | {"spec": {"pluginRef": {"name": "job"}}}
    assert outlived(before, document("Halted", noted)) == {}


@given(st.sampled_from(STRATEGIES), st.booleans(), st.booleans())
def test_what_stop_writes_always_holds(strategy: str | None, force: bool, stale: bool) -> None:
    """Also where an older note stands there, which it replaces."""
    vm = one(**({} if strategy is None else {"runStrategy": strategy}))
    before = document(strategy, "Once" if stale and strategy != "Halted" else None)
    after = merge_patch(before, stop(vm, force, NOW))
    forgotten = outlived(before, after)
    assert forgotten == (FORGET if stale and strategy == "Manual" else {})


def test_restart() -> None:
    assert restart(one(MachineState.RUNNING), NOW) == {"spec": {"restartedAt": NOW}}
    assert restart(one(runStrategy="Manual"), NOW) == {"spec": {"power": "Running", "restartedAt": NOW}}
    halted = one(MachineState.STOPPED, "Once", runStrategy="Halted")
    assert restart(halted, NOW) == start(halted, NOW)


def test_suspend_and_resume() -> None:
    assert suspend(one(), True) == {"spec": {"suspend": True}}
    assert suspend(one(), False) == {"spec": {"suspend": None}}


def test_two_commands_in_a_row_have_two_times() -> None:
    times = [timestamp() for _ in range(50)]
    assert times == sorted(times) and len(set(times)) > 1 and times[0].endswith("Z")
