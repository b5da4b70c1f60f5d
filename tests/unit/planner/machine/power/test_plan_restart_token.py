"""A new restartedAt restarts a machine exactly once, whatever becomes of the operator meanwhile."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.planner import actions as act
from tests.unit.driving import Killed, Operator
from tests.unit.machines import changed, machine, running

RUNS = [
    {"runStrategy": "Always"},
    {"runStrategy": "RerunOnFailure"},
    {"runStrategy": "Once"},
    {"runStrategy": "Manual", "power": "Running"},
]


@given(st.sampled_from(RUNS), st.lists(st.integers(0, 4), max_size=4), st.sampled_from([None, "Report"]))
def test_it_is_carried_out_exactly_once(strategy: dict[str, str], deaths: list[int], drift: str | None) -> None:
    world, _, vm = running(**strategy, **({"driftPolicy": drift} if drift else {}))
    vm = changed(vm, restartedAt="now")
    for lives in deaths:
        try:
            Operator(world, lives=lives).settle(vm)
        except Killed:
            continue
    Operator(world).settle(vm)
    assert world.starts == 2
    assert world.domain and world.domain.state == "running"


@pytest.mark.parametrize("strategy", [{"runStrategy": "Halted"}, {"runStrategy": "Manual", "power": "Stopped"}])
def test_a_machine_that_should_be_off_stays_off_and_does_not_restart_later(strategy: dict[str, str]) -> None:
    world, operator, vm = running(**strategy)
    operator.settle(changed(vm, restartedAt="now"))
    assert world.starts == 0
    operator.settle(machine(runStrategy="Always", restartedAt="now"))
    assert world.starts == 1


@pytest.mark.parametrize("strategy", RUNS[1:])
def test_a_machine_that_has_ended_is_started(strategy: dict[str, str]) -> None:
    world, operator, vm = running(**strategy)
    world.shut_itself_down()
    assert operator.settle(vm).outcome.reason == "Ended"
    operator.settle(changed(vm, restartedAt="now"))
    assert world.starts == 2


def test_what_goes_on_with_its_saved_memory_was_not_restarted_and_is_then() -> None:
    world, operator, vm = running()
    world.save()
    asked = changed(vm, restartedAt="now")
    plan = operator.reconcile(asked)
    assert [type(a) for a in plan.actions][-1] is act.StartDomain
    assert world.domain and world.domain.record and world.domain.record.restarted_at == ""
    assert not any(isinstance(a, act.ShutdownDomain) for a in operator.done)
    operator.settle(asked)
    steps = [type(a) for a in operator.done if isinstance(a, act.ShutdownDomain | act.StartDomain)]
    assert steps[-2:] == [act.ShutdownDomain, act.StartDomain]
    assert world.domain.record.restarted_at == "now" and world.starts == 3


def test_a_machine_is_not_restarted_for_the_token_it_was_made_with() -> None:
    world, operator, _ = running(restartedAt="before")
    assert world.starts == 1
    assert not any(isinstance(a, act.ShutdownDomain) for a in operator.done)


def test_in_a_crash_loop_it_starts_at_once() -> None:
    world, operator, vm = running()
    for _ in range(4):
        world.crash()
        operator.settle(vm)
    world.crash()
    assert operator.reconcile(vm).outcome.reason == "CrashLoopBackOff"
    plan = operator.reconcile(changed(vm, restartedAt="now"))
    assert [type(a) for a in plan.actions][-1] is act.StartDomain
