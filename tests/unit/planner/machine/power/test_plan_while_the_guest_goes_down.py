"""A guest that is on its way off is waited for: not saved, not resumed, and its run has not ended before it has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeostat.models.machine import VirtualMachine
from homeostat.planner import actions as act
from homeostat.planner.machine import plan_machine
from homeostat.planner.observed import DomainState, ProbedHealth
from homeostat.planner.plan import Waiting
from tests.unit.driving import Operator
from tests.unit.machines import changed, running
from tests.unit.world import World


def going_down(**spec: Any) -> tuple[World, Operator, VirtualMachine]:
    world, operator, vm = running(**spec)
    assert world.domain is not None
    world.domain.state, world.domain.reason = DomainState.SHUTTING_DOWN, "unknown"
    return world, operator, vm


@pytest.mark.parametrize("strategy", ["Always", "Once", "RerunOnFailure"])
def test_it_is_waited_for(strategy: str) -> None:
    _, operator, vm = going_down(runStrategy=strategy)
    plan = operator.plan(vm)
    assert plan.outcome == Waiting("GuestShuttingDown", "the guest is shutting down")
    assert not [a for a in plan.actions if not isinstance(a, act.WriteRecord)]


def test_it_cannot_be_saved_then_and_is_asked_again() -> None:
    _, operator, vm = going_down(runStrategy="Manual", power="Running")
    plan = operator.plan(changed(vm, power="Saved"))
    assert isinstance(plan.outcome, Waiting) and plan.outcome.reason == "ShuttingDown" and plan.outcome.after
    assert act.SaveDomain not in [type(a) for a in plan.actions]


@pytest.mark.parametrize("reason", ["shutdown", "destroyed", "crashed"])
def test_how_a_job_ended_is_told_by_its_end(reason: str) -> None:
    world, operator, vm = going_down(runStrategy="Once")
    operator.reconcile(vm)
    assert world.domain and world.domain.record and world.domain.record.outcome == "Started"
    world._end(reason)
    plan = operator.settle(vm)
    assert world.starts == 1
    assert plan.outcome.reason == ("Ended" if reason == "shutdown" else "RunFailed")


@pytest.mark.parametrize("why", ["user", "ioerror", "watchdog"])
def test_so_it_is_of_one_that_was_paused_meanwhile(why: str) -> None:
    world, operator, vm = running(runStrategy="Once")
    world.disk_full = True
    world.pause(why)
    operator.plan(vm)
    record = world.domain.record if world.domain else None
    assert record is not None and record.outcome == "Started"
    plan = operator.plan(vm)
    written = [a.record.outcome for a in plan.actions if isinstance(a, act.WriteRecord)]
    assert written in ([], ["Started"])


def test_a_guest_that_is_restarted_for_its_health_is_looked_at_again_within_its_grace_period() -> None:
    world, operator, vm = running(shutdown={"gracePeriodSeconds": 6})
    ill = ProbedHealth(started=True, ready=False, alive=False, was_ready=True, message="HTTP 500")
    observed = replace(world.observe(vm, operator.memory), health=ill)
    plan = plan_machine(vm, observed, operator.now)
    assert plan.outcome.reason == "Unhealthy" and isinstance(plan.outcome, Waiting)
    assert plan.outcome.after is not None and 0 < plan.outcome.after <= 6
