"""The contract's word for every spec and every observation."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.models.condition import STALLED, Condition
from homeostat.models.machine import MachineState, VirtualMachine, VirtualMachineStatus
from homeostat.service.kinds.power import already_running, already_stopped, is_off, wants_running
from homeostat_contracts.volant.status_words import status_word


def machine(spec: dict[str, Any], state: MachineState | None, current: bool = True, **metadata: Any) -> VirtualMachine:
    made = VirtualMachine.model_validate({"metadata": {"name": "a", "generation": 2, **metadata}, "spec": spec})
    if state is None:
        return made
    status = VirtualMachineStatus(state=state, observed_generation=2 if current else 1)
    return made.model_copy(update={"status": status})


ALWAYS: dict[str, Any] = {}
HALTED = {"runStrategy": "Halted"}
S = MachineState


@pytest.mark.parametrize(
    ("spec", "state", "current", "word"),
    [
        (ALWAYS, None, False, "starting"),
        (HALTED, None, False, "stopped"),
        (ALWAYS, S.PENDING, True, "starting"),
        (ALWAYS, S.RUNNING, True, "running"),
        (ALWAYS, S.RUNNING, False, "running"),
        (ALWAYS, S.STOPPED, False, "starting"),
        (ALWAYS, S.STOPPED, True, "stopped"),
        (HALTED, S.RUNNING, False, "stopping"),
        (HALTED, S.RUNNING, True, "running"),
        (HALTED, S.STOPPED, True, "stopped"),
        (ALWAYS, S.CRASH_LOOP, True, "error"),
        (ALWAYS, S.UNKNOWN, True, "unknown"),
        ({"runStrategy": "Manual", "power": "Paused"}, S.PAUSED, True, "paused"),
        ({"runStrategy": "Once"}, S.SUCCEEDED, True, "stopped"),
    ],
)
def test_the_word(spec: dict[str, Any], state: MachineState | None, current: bool, word: str) -> None:
    assert status_word(machine(spec, state, current)) == word


def test_every_state_has_a_word() -> None:
    assert all(status_word(machine(ALWAYS, state)) for state in MachineState)


def test_a_machine_that_is_being_deleted_is_stopping() -> None:
    assert status_word(machine(ALWAYS, S.RUNNING, deletionTimestamp="2026-01-01T00:00:00Z")) == "stopping"


def test_off_means_that_the_operator_saw_the_present_spec() -> None:
    assert is_off(machine(HALTED, S.STOPPED))
    assert not is_off(machine(HALTED, S.STOPPED, current=False))
    assert not is_off(machine(HALTED, S.RUNNING))
    assert not is_off(machine(HALTED, S.UNKNOWN))


def test_what_is_on_or_off_already() -> None:
    assert already_running(machine(ALWAYS, S.RUNNING))
    assert not already_running(machine(HALTED, S.RUNNING))
    assert not already_running(machine({"runStrategy": "Once"}, S.SUCCEEDED))
    assert already_stopped(machine(HALTED, S.STOPPED))
    assert already_stopped(machine({"runStrategy": "Once"}, S.SUCCEEDED))
    assert not already_stopped(machine(ALWAYS, S.CRASH_LOOP))
    assert not already_stopped(machine(HALTED, S.STOPPING))


@pytest.mark.parametrize("spec", [ALWAYS, HALTED])
@pytest.mark.parametrize(("status", "error"), [("True", True), ("False", False), ("Unknown", False)])
def test_what_has_not_begun_is_an_error_where_it_is_stalled(spec: dict[str, Any], status: str, error: bool) -> None:
    pending = machine(spec, S.PENDING)
    assert pending.status is not None
    stalled = Condition(type=STALLED, status=status, reason="A", message="a")  # type: ignore[arg-type]
    shown = status_word(pending.model_copy(update={"status": pending.status.model_copy(update={"conditions": (stalled,)})}))
    assert shown == ("error" if error else status_word(pending))
    assert status_word(machine(spec, S.PENDING)) == ("starting" if spec is ALWAYS else "stopped")


MANUAL = {power: {"runStrategy": "Manual", "power": power} for power in ("Running", "Paused", "Saved", "Stopped")}


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        (ALWAYS, True),
        ({"runStrategy": "RerunOnFailure"}, True),
        ({"runStrategy": "Once"}, True),
        (HALTED, False),
        (MANUAL["Running"], True),
        (MANUAL["Paused"], True),
        (MANUAL["Saved"], False),
        (MANUAL["Stopped"], False),
    ],
)
def test_who_should_be_on(spec: dict[str, Any], wanted: bool) -> None:
    assert wants_running(machine(spec, None).spec) is wanted
    assert already_running(machine(spec, S.RUNNING)) is wanted
    assert already_stopped(machine(spec, S.STOPPED)) is not wanted
    assert not already_running(machine(spec, S.RUNNING, deletionTimestamp="2026-01-01T00:00:00Z"))
    assert not already_stopped(machine(spec, None))


def test_one_whose_host_does_not_answer_is_not_started_again() -> None:
    assert already_running(machine(ALWAYS, S.UNKNOWN))
    assert not already_running(machine(ALWAYS, S.PAUSED))
    assert not already_running(machine(ALWAYS, S.CRASH_LOOP))
