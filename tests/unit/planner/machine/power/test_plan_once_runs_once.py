"""runStrategy Once: a single run, however it ends."""

from __future__ import annotations

import pytest

from homeostat.models.condition import find_condition
from homeostat.models.machine import MachineState
from homeostat.planner import actions as act
from homeostat.planner.plan import Converged, Outcome, Stalled
from homeostat.runtime.machine.status import machine_status
from tests.unit.driving import Killed, Operator
from tests.unit.machines import happen, machine, running
from tests.unit.world import World


@pytest.mark.parametrize(
    ("end", "outcome", "state"),
    [
        ("guest shuts itself down", Converged, MachineState.SUCCEEDED),
        ("guest crashes", Stalled, MachineState.FAILED),
        ("virsh destroy", Stalled, MachineState.FAILED),
    ],
)
def test_it_does_not_run_again_and_tells_how_it_ended(end: str, outcome: type[Outcome], state: MachineState) -> None:
    world, operator, vm = running(runStrategy="Once")
    assert happen(world, end)
    assert isinstance(operator.settle(vm).outcome, outcome)
    plan = Operator(world).settle(vm)
    assert world.starts == 1
    status = machine_status(vm, world.observe(vm, operator.memory), plan, {}, None, "2026-01-01T00:00:00Z")
    ready = find_condition(status.conditions, "Ready")
    assert (status.state, ready is not None and ready.status == "True") == (state, outcome is Converged)


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
