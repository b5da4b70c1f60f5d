"""A deletion that is undone while the guest goes down: the end is ours, so the machine is started as its runStrategy says."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.planner import actions as act
from homeostat.planner.observed import DomainState
from tests.unit.driving import Killed, Operator
from tests.unit.machines import deleted, running
from tests.unit.world import World

RUNNING: list[dict[str, Any]] = [
    {"runStrategy": "Always"},
    {"runStrategy": "RerunOnFailure"},
    {"runStrategy": "Once"},
    {"runStrategy": "Manual", "power": "Running"},
]
strategies = pytest.mark.parametrize("spec", RUNNING, ids=lambda spec: spec["runStrategy"])


def state(world: World) -> DomainState | None:
    return world.domain.state if world.domain else None


@strategies
@pytest.mark.parametrize("grace", [None, 0], ids=["asked", "at once"])
@pytest.mark.parametrize("seen", [True, False], ids=["seen going down", "seen off"])
def test_it_is_started_again_and_nothing_is_counted(spec: dict[str, Any], grace: int | None, seen: bool) -> None:
    world, operator, vm = running(**spec)
    operator.reconcile(deleted(vm, grace))
    assert state(world) is (DomainState.SHUTOFF if grace == 0 else DomainState.RUNNING)
    if seen:
        operator.reconcile(vm)
    world.tick()
    operator.settle(vm)
    assert (state(world), world.starts) == (DomainState.RUNNING, 2)
    assert (operator.memory.ended, operator.memory.restarts) == (0, 0)


@strategies
def test_by_another_operator_too(spec: dict[str, Any]) -> None:
    """`down`, killed after it had asked, then `up`."""
    world, operator, vm = running(**spec)
    operator.reconcile(deleted(vm))
    later = Operator(world)
    later.reconcile(vm)
    world.tick()
    later.settle(vm)
    assert (state(world), world.starts, later.memory.restarts) == (DomainState.RUNNING, 2, 0)


def test_that_the_end_is_ours_is_on_record_before_anything_ends_it() -> None:
    for grace, ends in ((None, act.ShutdownDomain), (0, act.PowerOffDomain)):
        world, operator, vm = running(runStrategy="Once")
        plan = operator.reconcile(deleted(vm, grace))
        assert [type(a) for a in plan.actions][-2:] == [act.WriteRecord, ends]
        assert not any(isinstance(a, act.WriteRecord) for a in operator.plan(deleted(vm)).actions), "once is enough"
        assert world.domain and world.domain.record and world.domain.record.outcome == "Stopping"


@pytest.mark.parametrize("spec", RUNNING[1:3], ids=lambda spec: spec["runStrategy"])
def test_the_next_end_is_the_guest_s_own_again(spec: dict[str, Any]) -> None:
    world, operator, vm = running(**spec)
    operator.reconcile(deleted(vm))
    world.tick()
    operator.settle(vm)
    world.shut_itself_down()
    assert operator.settle(vm).outcome.reason == "Ended"
    assert (state(world), world.starts) == (DomainState.SHUTOFF, 2)


def test_a_crash_of_a_guest_that_stayed_up_is_counted() -> None:
    world, operator, vm = running()
    world.obedient = False
    operator.reconcile(deleted(vm))
    operator.reconcile(vm)
    world.crash()
    operator.settle(vm)
    assert (operator.memory.ended, operator.memory.restarts) == (1, 1)


def test_what_is_to_be_off_stays_off() -> None:
    world, operator, vm = running(runStrategy="Manual", power="Stopped")
    world.start()
    operator.reconcile(deleted(vm))
    world.tick()
    operator.settle(vm)
    assert (state(world), world.starts) == (DomainState.SHUTOFF, 1)


@given(st.sampled_from(RUNNING), st.integers(0, 4), st.booleans())
def test_killed_anywhere_in_the_deletion_it_runs_in_the_end(spec: dict[str, Any], lives: int, answers: bool) -> None:
    world, _, vm = running(**spec)
    with contextlib.suppress(Killed):
        Operator(world, lives=lives).reconcile(deleted(vm))
    if answers:
        world.tick()
    operator = Operator(world)
    operator.settle(vm)
    world.tick()
    operator.settle(vm)
    assert state(world) is DomainState.RUNNING
    assert operator.memory.restarts == 0
