"""A machine's health in its status: written when it changes, or when another run begins, and not at each probe."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeostat.models.machine import VirtualMachineStatus
from homeostat.planner.observed import ProbedHealth, RememberedActs
from homeostat.planner.plan import Converged, Plan
from homeostat.runtime.machine.status import machine_status
from tests.unit.machines import running

WORLD, _, VM = running()
SEEN = WORLD.observe(VM, RememberedActs())


def health(at: str, ready: bool = True, message: str = "200", was_ready: bool = True, alive: bool = True) -> ProbedHealth:
    return ProbedHealth(True, ready, alive, was_ready, message, at)


def status(found: ProbedHealth | None, run: str = "1", before: VirtualMachineStatus | None = None) -> VirtualMachineStatus:
    assert SEEN.domain is not None
    observed = replace(SEEN, domain=replace(SEEN.domain, run=run), health=found)
    vm = VM.model_copy(update={"status": before})
    return machine_status(vm, observed, Plan((), Converged()), {}, None, "2026-01-01T00:00:00Z")


def test_a_probe_that_says_the_same_changes_no_status() -> None:
    before = status(health("10:00"))
    assert status(health("10:05", message="200 again"), before=before).health == before.health


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (health("10:05"), "healthy"),
        (health("10:05", ready=False), "unhealthy"),
        (health("10:05", ready=False, was_ready=False), "starting"),
        (health("10:05", ready=False, was_ready=False, alive=False), "unhealthy"),
    ],
)
def test_its_word(found: ProbedHealth, word: str) -> None:
    said = status(found).health
    assert said is not None and said.status == word


def test_a_change_is_written_with_its_message_and_time() -> None:
    before = status(health("10:00"))
    said = status(health("10:05", ready=False, message="503"), before=before).health
    assert said is not None and (said.status, said.message, said.last_check) == ("unhealthy", "503", "10:05")


@pytest.mark.parametrize("was_ready", [True, False])
def test_another_reason_for_not_being_ready_is_written(was_ready: bool) -> None:
    before = status(health("10:00", ready=False, message="", was_ready=was_ready))
    said = status(health("10:05", ready=False, message="503", was_ready=was_ready), before=before)
    assert said.health is not None and (said.health.message, said.health.last_check) == ("503", "10:05")
    again = status(health("10:10", ready=False, message="503", was_ready=was_ready), before=said)
    assert again.health == said.health


def test_br06_what_a_probe_said_of_the_run_before_is_not_said_of_this_one() -> None:
    before = status(health("10:00", message="of the first"))
    said = status(health("11:00", message="of the second"), run="2", before=before).health
    assert said is not None and (said.message, said.last_check) == ("of the second", "11:00")
    assert status(None, run="2", before=before).health is None


def test_a_run_whose_pid_can_be_read_by_now_is_no_other_run() -> None:
    before = status(health("10:00"))
    assert status(health("10:05"), run="1-77", before=before).health == before.health
