"""What is said of a machine's power, from its spec and its status alone."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from homeostat.models.machine import MachineState, VirtualMachine
from homeostat.service.kinds.power import already_running, already_stopped, is_off, runs, state_of, wants_running
from tests.unit.serving import condition

ON, OFF = {"runStrategy": "Always"}, {"runStrategy": "Halted"}


def machine(
    spec: dict[str, Any], state: str = "", *, current: bool = True, stalled: str = "", deleting: bool = False
) -> VirtualMachine:
    """``state``: of its status; "" it has none. ``current``: the operator has seen this spec."""
    meta = {"name": "web", "generation": 2, **({"deletionTimestamp": "2026-01-01T00:00:00Z"} if deleting else {})}
    conditions = [condition("Stalled", stalled)] if stalled else []
    status = {"observedGeneration": 2 if current else 1, "state": state, "conditions": conditions}
    return VirtualMachine.model_validate({"metadata": meta, "spec": spec, "status": status if state else None})


@pytest.mark.parametrize(
    ("strategy", "power", "wanted"),
    [
        ("Always", None, True),
        ("Once", None, True),
        ("RerunOnFailure", None, True),
        ("Halted", None, False),
        ("Manual", None, False),
        ("Manual", "Stopped", False),
        ("Manual", "Running", True),
        ("Manual", "Paused", True),
    ],
)
def test_whether_it_should_be_on(strategy: str, power: str | None, wanted: bool) -> None:
    spec = {"runStrategy": strategy, **({"power": power} if power else {})}
    assert wants_running(machine(spec).spec) is wanted


_NO_GUEST = {"Pending", "Stopped", "Saved", "CrashLoopBackOff", "Succeeded", "Failed"}


@pytest.mark.parametrize("state", list(MachineState))
def test_whether_a_guest_runs(state: MachineState) -> None:
    guest = state not in _NO_GUEST
    for current in (True, False):
        found = machine(ON, state, current=current)
        assert runs(found) is guest
        assert is_off(found) is (current and not guest), "of an older spec nothing is known"
    assert not runs(machine(ON)) and not is_off(machine(ON))
    later = machine(ON, state).model_copy(update={"metadata": machine(ON).metadata.model_copy(update={"generation": 1})})
    assert is_off(later) is not guest, "a status of a later generation is no older one"


@pytest.mark.parametrize(
    ("spec", "state", "current", "told"),
    [
        (ON, "", True, "Starting"),
        (OFF, "", True, "Stopped"),
        (ON, "Pending", True, "Starting"),
        (OFF, "Pending", True, "Stopped"),
        (ON, "Stopped", False, "Starting"),
        (ON, "Saved", False, "Starting"),
        (ON, "Succeeded", False, "Starting"),
        (ON, "Failed", False, "Failed"),
        (ON, "CrashLoopBackOff", False, "CrashLoopBackOff"),
        (ON, "Running", False, "Running"),
        (OFF, "Running", False, "Stopping"),
        (OFF, "Stopped", False, "Stopped"),
        (OFF, "Paused", False, "Paused"),
        (ON, "Stopped", True, "Stopped"),
        (OFF, "Running", True, "Running"),
    ],
)
def test_the_state_is_what_is_seen_or_what_comes_next(spec: dict[str, Any], state: str, current: bool, told: str) -> None:
    assert state_of(machine(spec, state, current=current)) == told
    assert state_of(machine(spec, state, current=current, deleting=True)) == "Terminating"
    if state in ("", "Pending"):
        assert state_of(machine(spec, "Pending", current=current, stalled="True")) == "Failed"
        assert state_of(machine(spec, "Pending", current=current, stalled="False")) == told


def test_a_start_of_what_is_on_and_a_stop_of_what_is_off_change_nothing() -> None:
    for spec, state, current in product((ON, OFF), MachineState, (True, False)):
        found = machine(spec, state, current=current)
        seen = state_of(found)
        assert already_running(found) is (spec is ON and seen in ("Running", "Starting", "Unknown")), (spec, state, current)
        off = current and state in _NO_GUEST
        assert already_stopped(found) is (off and (spec is OFF or state == "Succeeded")), (spec, state, current)
    assert already_running(machine(ON)) and not already_running(machine(OFF)) and not already_stopped(machine(OFF))
