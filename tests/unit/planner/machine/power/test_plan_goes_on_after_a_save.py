"""A guest that libvirtd left paused, as it ended while it saved its memory, goes on: nobody else would resume it."""

from __future__ import annotations

import pytest

from homeostat.planner import actions as act
from homeostat.planner.observed import LEFT_SAVING
from tests.unit.machines import changed, running


@pytest.mark.parametrize("drift", ["Correct", "Report"])
def test_it_goes_on_whatever_is_to_be_done_about_drift(drift: str) -> None:
    world, operator, vm = running(driftPolicy=drift)
    world.pause(LEFT_SAVING)
    plan = operator.settle(vm)
    assert world.domain and world.domain.state == "running" and plan.drift == ()


def test_it_goes_on_so_that_it_can_shut_down() -> None:
    world, operator, vm = running()
    world.pause(LEFT_SAVING)
    operator.settle(changed(vm, runStrategy="Halted"))
    kinds = [type(a) for a in operator.done if isinstance(a, act.ShutdownDomain | act.ResumeDomain | act.PowerOffDomain)]
    assert kinds == [act.ResumeDomain, act.ShutdownDomain]


def test_one_that_is_to_be_paused_stays_so() -> None:
    world, operator, vm = running(runStrategy="Manual", power="Running")
    world.pause(LEFT_SAVING)
    assert act.ResumeDomain not in {type(action) for action in operator.plan(changed(vm, power="Paused")).actions}
