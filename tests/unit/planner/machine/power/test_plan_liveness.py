"""A guest that fails its liveness probe is restarted: by its shutdown policy, with backoff, where its strategy runs it again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeostat.planner.actions import PowerOffDomain, ShutdownDomain, StartDomain
from homeostat.planner.machine import plan_machine
from homeostat.planner.machine.memory import keep_asking, note, recall
from homeostat.planner.observed import DomainState, ProbedHealth, RememberedActs
from homeostat.planner.plan import Waiting
from tests.unit.driving import Operator
from tests.unit.machines import machine
from tests.unit.world import World

DEAD = ProbedHealth(started=True, ready=False, alive=False, was_ready=True, message="HTTP 500")


def test_it_is_asked_to_shut_down_first() -> None:
    vm, world = machine(runStrategy="Always"), World()
    operator = Operator(world)
    operator.settle(vm)
    observed = replace(world.observe(vm, RememberedActs()), health=DEAD)
    plan = plan_machine(vm, observed, 0.0)
    assert [type(a) for a in plan.actions if isinstance(a, (ShutdownDomain, PowerOffDomain, StartDomain))] == [ShutdownDomain]
    assert isinstance(plan.outcome, Waiting)
    assert plan.outcome.reason == "Unhealthy"
    assert "HTTP 500" in plan.outcome.message


def test_the_restart_counts_towards_the_backoff() -> None:
    vm, world = machine(runStrategy="Always"), World()
    Operator(world).settle(vm)
    observed = replace(world.observe(vm, RememberedActs()), health=DEAD)
    memory = recall(RememberedActs(), observed.domain, 0.0)
    plan = plan_machine(vm, replace(observed, memory=memory), 1.0)
    memory = keep_asking(memory, plan, 1.0)
    for action in plan.actions:
        memory = note(memory, action, 1.0)
        world.apply(action)
    world.tick()  # the guest obeys
    after = world.observe(vm, RememberedActs())
    assert after.domain is not None
    assert not after.domain.state.active
    assert recall(memory, after.domain, 2.0).ended == 1


def test_it_counts_too_where_the_guest_was_seen_to_go() -> None:
    """It is not probed any more by then, so nothing says that it is ill."""
    vm, world = machine(runStrategy="Always", shutdown={"gracePeriodSeconds": 30}), World()
    Operator(world).settle(vm)
    observed = replace(world.observe(vm, RememberedActs()), health=DEAD)
    memory = recall(RememberedActs(), observed.domain, 0.0)
    plan = plan_machine(vm, replace(observed, memory=memory), 1.0)
    memory = note(keep_asking(memory, plan, 1.0), ShutdownDomain("", ""), 1.0)
    for action in plan.actions:
        world.apply(action)
    going = replace(world.observe(vm, RememberedActs()), health=None)
    assert going.domain is not None
    going = replace(going, domain=replace(going.domain, state=DomainState.SHUTTING_DOWN), memory=memory)
    plan = plan_machine(vm, going, 2.0)
    assert plan.outcome.reason == "Unhealthy" and plan.actions == ()
    memory = keep_asking(memory, plan, 2.0)
    late = plan_machine(vm, replace(going, memory=memory), 31.0)
    assert [type(action) for action in late.actions] == [PowerOffDomain], "the grace period goes on"
    world.tick()
    assert recall(memory, world.observe(vm, RememberedActs()).domain, 3.0).ended == 1


def test_a_guest_that_shuts_itself_down_is_left_to_it() -> None:
    vm, world = machine(runStrategy="Always"), World()
    Operator(world).settle(vm)
    observed = world.observe(vm, RememberedActs())
    assert observed.domain is not None
    going = replace(observed, domain=replace(observed.domain, state=DomainState.SHUTTING_DOWN))
    assert plan_machine(vm, going, 2.0).outcome.reason == "GuestShuttingDown"


@pytest.mark.parametrize(("strategy", "starts"), [("Always", True), ("RerunOnFailure", True), ("Once", False)])
def test_it_is_started_again_where_the_strategy_says_so(strategy: str, starts: bool) -> None:
    vm, world = machine(runStrategy=strategy), World()
    Operator(world).settle(vm)
    plan = plan_machine(vm, replace(world.observe(vm, RememberedActs()), health=DEAD), 1.0)
    for action in plan.actions:
        world.apply(action)
    world.tick()  # the guest obeys
    again = plan_machine(vm, world.observe(vm, RememberedActs()), 2.0)
    assert any(isinstance(a, StartDomain) for a in again.actions) is starts
