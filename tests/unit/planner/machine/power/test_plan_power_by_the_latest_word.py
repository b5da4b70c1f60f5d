"""With driftPolicy Report, what others did is reported, and what the spec has just said is done: the record tells them apart."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.models.machine import VirtualMachine
from homeostat.planner import actions as act
from homeostat.planner.plan import Converged
from tests.unit.driving import Operator
from tests.unit.machines import changed, machine
from tests.unit.world import World


def at_rest(**spec: Any) -> tuple[World, Operator, VirtualMachine]:
    world, vm = World(), machine(driftPolicy="Report", **spec)
    operator = Operator(world)
    operator.settle(vm)
    operator.done.clear()
    return world, operator, vm


def acts(operator: Operator) -> list[type]:
    return [type(action) for action in operator.done if not isinstance(action, act.WriteRecord | act.SetAutostart)]


def test_a_machine_that_others_started_is_left_and_cut_only_when_that_is_asked_for() -> None:
    world, operator, vm = at_rest(runStrategy="Halted")
    world.start()
    plan = operator.settle(vm)
    assert acts(operator) == [] and plan.outcome == Converged("Drifted", plan.outcome.message)
    assert [(change.old, change.new) for change in plan.drift] == [("running (started by someone)", "off")]
    operator.settle(changed(vm, poweredOffAt="now"))
    assert acts(operator) == [act.PowerOffDomain]


@pytest.mark.parametrize(
    ("before", "after", "done"),
    [
        ("Running", "Paused", act.PauseDomain),
        ("Paused", "Running", act.ResumeDomain),
        ("Running", "Stopped", act.ShutdownDomain),
        ("Running", "Saved", act.SaveDomain),
        ("Stopped", "Running", act.StartDomain),
        ("Saved", "Running", act.StartDomain),
    ],
)
def test_another_power_in_the_spec_is_carried_out(before: str, after: str, done: type) -> None:
    _, operator, vm = at_rest(runStrategy="Manual", power=before)
    operator.settle(changed(vm, power=after))
    assert acts(operator) == [done]


@pytest.mark.parametrize(
    ("power", "what", "old"),
    [
        ("Running", World.pause, "paused (by someone)"),
        ("Paused", World.resume, "running (resumed by someone)"),
        ("Running", World.destroy, "off (someone cut its power)"),
        ("Running", World.save, "saved (by someone)"),
        ("Stopped", World.start, "running (started by someone)"),
        ("Saved", World.start, "running (started by someone)"),
    ],
)
def test_what_others_did_is_reported(power: str, what: Any, old: str) -> None:
    world, operator, vm = at_rest(runStrategy="Manual", power=power)
    what(world)
    plan = operator.settle(vm)
    told = [change.old for change in plan.drift if change.field == "power"]
    ended = plan.outcome.reason == "Ended"  # Manual does not start again what someone ended
    assert acts(operator) == [] and (told == [old] or ended)


@pytest.mark.parametrize(("first", "then"), [("Saved", "Stopped"), ("Stopped", "Saved")])
def test_another_way_to_be_off_is_carried_out_though_others_started_it(first: str, then: str) -> None:
    world, operator, vm = at_rest(runStrategy="Manual", power=first)
    world.start()
    operator.settle(vm)
    operator.settle(changed(vm, power=then))
    assert acts(operator) == [act.ShutdownDomain if then == "Stopped" else act.SaveDomain]


def test_a_token_to_restart_it_overrules_what_others_did() -> None:
    world, operator, vm = at_rest()
    world.destroy()
    assert operator.settle(vm).drift and acts(operator) == []
    operator.settle(changed(vm, restartedAt="now"))
    assert acts(operator) == [act.StartDomain]


@pytest.mark.parametrize("strategy", ["Halted", "Manual"])
def test_a_token_to_restart_it_that_came_while_it_was_to_be_off_is_spent(strategy: str) -> None:
    _, operator, vm = at_rest(runStrategy=strategy)
    off = changed(vm, restartedAt="now")
    operator.settle(off)
    on = changed(off, runStrategy="Always")
    plan = operator.plan(on)
    assert [a.reason for a in plan.actions if isinstance(a, act.StartDomain)] == ["runStrategy: Always"]
