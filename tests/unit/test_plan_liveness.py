"""A guest that fails its liveness probe is restarted: by its shutdown policy, with backoff, where its strategy runs it again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeostat.planner.actions import PowerOffDomain, ShutdownDomain, StartDomain
from homeostat.planner.machine import plan_machine
from homeostat.planner.machine.memory import keep_asking, note, recall
from homeostat.planner.observed import Health, Memory
from homeostat.planner.plan import Waiting

from .machines import machine
from .world import Operator, World

DEAD = Health(started=True, ready=False, alive=False, was_ready=True, message="HTTP 500")


def test_it_is_asked_to_shut_down_first() -> None:
    vm, world = machine(runStrategy="Always"), World()
    operator = Operator(world)
    operator.settle(vm)
    observed = replace(world.observe(vm, Memory()), health=DEAD)
    plan = plan_machine(vm, observed, 0.0)
    assert [type(a) for a in plan.actions if isinstance(a, (ShutdownDomain, PowerOffDomain, StartDomain))] == [ShutdownDomain]
    assert isinstance(plan.outcome, Waiting)
    assert plan.outcome.reason == "Unhealthy"
    assert "HTTP 500" in plan.outcome.message


def test_the_restart_counts_towards_the_backoff() -> None:
    vm, world = machine(runStrategy="Always"), World()
    Operator(world).settle(vm)
    observed = replace(world.observe(vm, Memory()), health=DEAD)
    memory = recall(Memory(), observed.domain, 0.0)
    plan = plan_machine(vm, replace(observed, memory=memory), 1.0)
    memory = keep_asking(memory, plan, 1.0)
    for action in plan.actions:
        memory = note(memory, action, 1.0)
        world.apply(action)
    world.tick()  # the guest obeys
    after = world.observe(vm, Memory())
    assert after.domain is not None
    assert not after.domain.state.active
    assert recall(memory, after.domain, 2.0).ended == 1


@pytest.mark.parametrize(("strategy", "starts"), [("Always", True), ("RerunOnFailure", True), ("Once", False)])
def test_it_is_started_again_where_the_strategy_says_so(strategy: str, starts: bool) -> None:
    vm, world = machine(runStrategy=strategy), World()
    Operator(world).settle(vm)
    plan = plan_machine(vm, replace(world.observe(vm, Memory()), health=DEAD), 1.0)
    for action in plan.actions:
        world.apply(action)
    world.tick()  # the guest obeys
    again = plan_machine(vm, world.observe(vm, Memory()), 2.0)
    assert any(isinstance(a, StartDomain) for a in again.actions) is starts
