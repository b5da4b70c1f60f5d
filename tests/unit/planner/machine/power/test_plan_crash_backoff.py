"""A machine that ends unasked starts again at once, then after 10, 20 … 300 s; ten healthy minutes start the count anew."""

from __future__ import annotations

import pytest

from homeostat.models.machine import VirtualMachine
from homeostat.planner.machine.memory import recall
from homeostat.planner.machine.power.backoff import HEALTHY, restart_delay
from homeostat.planner.observed import DomainState, ObservedDomain, RememberedActs
from homeostat.planner.plan import Waiting
from tests.unit.driving import Operator
from tests.unit.machines import changed, running
from tests.unit.world import World


def seconds_until_started(world: World, operator: Operator, vm: VirtualMachine) -> float:
    before, began = world.starts, operator.now
    while world.starts == before:
        plan = operator.reconcile(vm)
        if not plan.actions and isinstance(plan.outcome, Waiting):
            operator.now += plan.outcome.after or 0.0
    return operator.now - began


def test_the_delays_are_documented_ones() -> None:
    assert [restart_delay(n) for n in range(1, 10)] == [0, 10, 20, 40, 80, 160, 300, 300, 300]
    assert restart_delay(0) == 0
    assert restart_delay(10**6) == 300


def test_a_machine_that_crashes_on_and_on_is_started_ever_later() -> None:
    world, operator, vm = running()
    delays = []
    for _ in range(8):
        world.crash()
        delays.append(seconds_until_started(world, operator, vm))
        operator.now += 1
    assert delays == pytest.approx([0, 10, 20, 40, 80, 160, 300, 300], abs=0.2)
    assert operator.memory.restarts == 8


def test_ten_healthy_minutes_start_the_count_anew() -> None:
    world, operator, vm = running()
    for _ in range(4):
        world.crash()
        seconds_until_started(world, operator, vm)
    operator.pass_time(vm, 601)
    assert operator.memory.ended == 0
    world.crash()
    assert seconds_until_started(world, operator, vm) == pytest.approx(0, abs=0.2)


def test_a_minute_less_does_not() -> None:
    world, operator, vm = running()
    for _ in range(4):
        world.crash()
        seconds_until_started(world, operator, vm)
    operator.pass_time(vm, 540)
    world.crash()
    assert seconds_until_started(world, operator, vm) == pytest.approx(80, abs=0.2)


def test_the_message_says_how_often_and_when() -> None:
    world, operator, vm = running()
    for _ in range(2):
        world.crash()
        operator.settle(vm)
    world.crash()
    plan = operator.reconcile(vm)
    assert plan.outcome.reason == "CrashLoopBackOff"
    assert plan.outcome.message == "ended 3 times in a row without being asked to; starting again in 20 s"


def test_an_end_that_we_asked_for_is_not_counted() -> None:
    world, operator, vm = running()
    for token in ("a", "b", "c"):
        operator.settle(changed(vm, restartedAt=token))
    assert (world.starts, operator.memory.ended, operator.memory.restarts) == (4, 0, 0)


def test_a_jump_of_the_wall_clock_means_nothing() -> None:
    """Only differences of the monotonic clock count: any origin gives the same plan."""
    for origin in (0.0, 1e9):
        world, _, vm = running()
        operator = Operator(world, now=origin)
        operator.settle(vm)
        world.crash()
        assert seconds_until_started(world, operator, vm) == pytest.approx(0, abs=0.2)


@pytest.mark.parametrize(("ran", "ended"), [(HEALTHY - 1, 3), (HEALTHY, 1), (HEALTHY + 1, 1)])
def test_the_end_of_a_run_that_was_healthy_counts_as_the_first(ran: float, ended: int) -> None:
    memory = recall(RememberedActs(running_since=100.0, ended=2), off(), 100.0 + ran)
    assert (memory.ended, memory.last_end) == (ended, 100.0 + ran)


@pytest.mark.parametrize(("ran", "ended"), [(HEALTHY - 1, 2), (HEALTHY, 0)])
def test_a_run_that_is_healthy_forgets_the_ends_before(ran: float, ended: int) -> None:
    world, _, vm = running()
    assert (
        recall(RememberedActs(running_since=100.0, ended=2), world.observe(vm, RememberedActs()).domain, 100.0 + ran).ended
        == ended
    )


def off() -> ObservedDomain:
    return ObservedDomain("web", "u", DomainState.SHUTOFF, "crashed", True, True, False, None, None)
