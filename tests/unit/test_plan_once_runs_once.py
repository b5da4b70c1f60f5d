"""runStrategy Once: a single run, however it ends."""

from __future__ import annotations

import pytest

from homeostat.planner import actions as act
from tests.unit.machines import happen, machine, running
from tests.unit.world import Killed, Operator, World


@pytest.mark.parametrize("end", ["guest crashes", "guest shuts itself down", "virsh destroy"])
def test_it_does_not_run_again(end: str) -> None:
    world, operator, vm = running(runStrategy="Once")
    assert happen(world, end)
    assert operator.settle(vm).outcome.reason == "Ended"
    Operator(world).settle(vm)
    assert world.starts == 1


def test_it_does_not_run_again_when_it_ends_before_the_operator_sees_it_run() -> None:
    world, vm = World(), machine(runStrategy="Once")
    operator = Operator(world, lives=0)
    while world.starts == 0:  # killed right after the start
        operator.lives = len(operator.done) + 1
        with pytest.raises(Killed):
            operator.settle(vm)
    world.shut_itself_down()
    plan = Operator(world).settle(vm)
    assert world.starts == 1
    assert plan.outcome.reason == "Ended"


def test_it_does_not_run_again_when_someone_takes_its_domain_away() -> None:
    world, operator, vm = running(runStrategy="Once")
    world.destroy()
    world.undefine()
    plan = operator.settle(vm)
    assert world.domain is not None, "defined again"
    assert world.starts == 1
    assert "homeostat start web" in plan.outcome.message


def test_a_start_that_failed_is_not_a_run() -> None:
    world, vm = World(), machine(runStrategy="Once")
    operator = Operator(world)
    plan = operator.plan(vm)
    for action in plan.actions:
        if not isinstance(action, act.StartDomain):
            world.apply(action)
    assert world.domain is not None
    world.domain.reason = "failed"
    operator.settle(vm)
    assert world.starts == 1
