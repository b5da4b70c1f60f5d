"""A guest is asked to shut down, again every 10 s, and its power is cut only after the grace period, if its policy says so."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.planner import actions as act
from homeostat.planner.plan import Plan
from tests.unit.domains import Refused
from tests.unit.driving import Operator
from tests.unit.machines import changed, deleted, running


def cuts(plan: Plan) -> list[str]:
    return [a.reason for a in plan.actions if isinstance(a, act.PowerOffDomain)]


def stubborn(**spec: Any) -> tuple[Any, Operator, Any]:
    world, operator, vm = running(**spec)
    world.obedient = False
    return world, operator, changed(vm, runStrategy="Halted")


def test_an_obedient_guest_is_asked_once_and_never_cut() -> None:
    world, operator, vm = running()
    operator.settle(changed(vm, runStrategy="Halted"))
    asked = [a for a in operator.done if isinstance(a, act.ShutdownDomain)]
    assert len(asked) == 1
    assert not any(isinstance(a, act.PowerOffDomain) for a in operator.done)
    assert world.domain and world.domain.reason == "shutdown"


def test_a_stubborn_guest_is_asked_every_ten_seconds_and_cut_after_its_grace_period() -> None:
    world, operator, vm = stubborn(shutdown={"gracePeriodSeconds": 35})
    began = operator.now
    operator.settle(vm)
    assert sum(isinstance(a, act.ShutdownDomain) for a in operator.done) == 4
    assert operator.now - began >= 35
    assert [a.reason for a in operator.done if isinstance(a, act.PowerOffDomain)] == [
        "runStrategy: Halted; it did not shut down within 35 s"
    ]
    assert world.domain and world.domain.state == "shutoff"


@pytest.mark.parametrize("grace", [4, 60])
@pytest.mark.parametrize("deaf", [True, False])
def test_a_guest_that_hears_only_its_agent_or_only_its_button_shuts_down_within_its_grace_period(grace: int, deaf: bool) -> None:
    world, operator, vm = running(shutdown={"gracePeriodSeconds": grace})
    world.agent, world.deaf_to = True, frozenset({deaf})
    operator.settle(changed(vm, runStrategy="Halted"))
    assert [a.by_agent for a in operator.done if isinstance(a, act.ShutdownDomain)] == [True, False][: 1 + deaf]
    assert world.domain and world.domain.reason == "shutdown"


def test_agent_and_button_take_turns_and_without_an_agent_it_is_the_button() -> None:
    world, operator, vm = stubborn()
    world.agent = True
    operator.pass_time(vm, 35)
    assert [a.by_agent for a in operator.done if isinstance(a, act.ShutdownDomain)] == [True, False, True, False]
    world.agent = False
    operator.pass_time(vm, 20)
    assert not any(a.by_agent for a in operator.done[-1:] if isinstance(a, act.ShutdownDomain))


def test_on_timeout_wait_asks_for_ever() -> None:
    world, operator, vm = stubborn(shutdown={"gracePeriodSeconds": 35, "onTimeout": "Wait"})
    operator.pass_time(vm, 600)
    assert {type(a) for a in operator.done} == {act.ShutdownDomain, act.WriteRecord, act.SetAutostart}
    assert world.domain and world.domain.state == "running"
    assert "shutdown.onTimeout: Wait keeps asking" in operator.plan(vm).outcome.message


def test_without_a_grace_period_it_is_cut_at_once() -> None:
    _, operator, vm = stubborn(shutdown={"gracePeriodSeconds": 0})
    assert cuts(operator.plan(vm)) == ["runStrategy: Halted; shutdown.gracePeriodSeconds is 0"]


def test_stop_with_force_cuts_at_once() -> None:
    _, operator, vm = stubborn()
    assert cuts(operator.plan(changed(vm, poweredOffAt="now"))) == ["poweredOffAt changed"]


def test_a_token_to_cut_the_power_is_not_kept_for_a_later_stop() -> None:
    world, operator, vm = running()
    operator.settle(changed(vm, poweredOffAt="now"))
    assert world.domain and world.domain.state == "running"
    assert cuts(operator.plan(changed(vm, poweredOffAt="now", runStrategy="Halted"))) == []


def test_a_shutdown_that_is_called_off_leaves_a_later_one_its_whole_grace_period() -> None:
    world, operator, halted = stubborn()
    vm = changed(halted, runStrategy="Always")
    operator.pass_time(halted, 50)
    operator.settle(vm)
    operator.now += 3600
    assert cuts(operator.reconcile(halted)) == []
    operator.pass_time(halted, 55)
    assert world.domain and world.domain.state == "running"


@pytest.mark.parametrize("reason", ["user", "ioerror", "watchdog", "migration"])
def test_a_paused_guest_is_resumed_so_that_it_can_shut_down(reason: str) -> None:
    world, operator, vm = running()
    world.pause(reason)
    operator.settle(changed(vm, runStrategy="Halted"))
    kinds = [type(a) for a in operator.done if isinstance(a, act.ShutdownDomain | act.ResumeDomain)]
    assert kinds == [act.ResumeDomain, act.ShutdownDomain]
    assert world.domain and world.domain.reason == "shutdown"


@pytest.mark.parametrize("reason", ["save", "dump", "snapshot", "shutting-down", "crashed", "starting-up", "postcopy"])
def test_a_guest_that_libvirt_paused_for_a_moment_is_asked_and_never_resumed(reason: str) -> None:
    """Its snapshot would hold a guest that went on; libvirt ends such a pause itself."""
    world, operator, vm = running()
    world.pause(reason)
    ways = {
        "halted": changed(vm, runStrategy="Halted"),
        "deleted": deleted(vm),
        "restarted": changed(vm, restartedAt="now"),
        "wanted": vm,
        "saved": changed(vm, runStrategy="Manual", power="Saved"),
        "paused": changed(vm, runStrategy="Manual", power="Paused"),
    }
    plans = {way: {type(action) for action in operator.plan(wanted).actions} for way, wanted in ways.items()}
    touched = {act.ResumeDomain, act.PauseDomain, act.SaveDomain, act.PowerOffDomain}
    assert not any(kinds & touched for kinds in plans.values()), plans
    asked = {way for way, kinds in plans.items() if act.ShutdownDomain in kinds}
    assert asked == {"halted", "deleted"} | (set() if reason == "starting-up" else {"restarted"})


def test_the_grace_period_runs_though_the_guest_cannot_even_be_asked() -> None:
    world, operator, vm = running()
    world.fail_io()
    world.disk_full = True
    began, halted = operator.now, changed(vm, runStrategy="Halted")
    while world.domain and world.domain.active:
        try:
            operator.reconcile(halted)
        except Refused:  # the runtime reports it, and tries again
            operator.now += 5
    assert 60 <= operator.now - began < 70


def test_deleting_asks_too_and_deleting_at_once_does_not() -> None:
    world, operator, vm = running()
    world.obedient = False
    assert cuts(operator.plan(deleted(vm))) == []
    assert cuts(operator.plan(deleted(vm, 0))) == ["the resource was deleted, and at once was asked for"]


def test_a_restart_asks_too() -> None:
    world, operator, vm = running()
    world.obedient = False
    plan = operator.reconcile(changed(vm, restartedAt="now"))
    assert cuts(plan) == []
    assert "restart: restartedAt changed" in plan.outcome.message
    assert "its power is cut after 60 s" in plan.outcome.message
