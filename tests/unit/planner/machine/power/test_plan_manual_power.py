"""runStrategy Manual: follows power when power changes, and does not start again by itself."""

from __future__ import annotations

import pytest

from homeostat.runtime.machine import commands
from tests.unit.driving import Operator
from tests.unit.machines import changed, happen, machine, running
from tests.unit.world import World


@pytest.mark.parametrize("before", ["Running", "Stopped", "Paused", "Saved"])
@pytest.mark.parametrize(
    ("power", "state", "saved"),
    [("Running", "running", False), ("Stopped", "shutoff", None), ("Paused", "paused", False), ("Saved", "shutoff", None)],
)
def test_every_power_is_reached_from_every_other(before: str, power: str, state: str, saved: bool | None) -> None:
    world, operator, vm = running(runStrategy="Manual", power=before)
    operator.settle(changed(vm, power=power))
    assert world.domain is not None
    assert world.domain.state == state
    assert saved is None or (world.domain.saved is not None) == saved


def test_a_saved_machine_resumes_where_it_was() -> None:
    world, operator, vm = running(runStrategy="Manual", power="Running")
    operator.settle(changed(vm, power="Saved"))
    assert world.domain and world.domain.saved
    operator.settle(changed(vm, power="Running"))
    assert world.domain.state == "running" and world.domain.saved is None


def test_a_machine_saved_while_it_was_paused_runs_again() -> None:
    world, operator, vm = running(runStrategy="Manual", power="Paused")
    operator.settle(changed(vm, power="Saved"))
    operator.settle(changed(vm, power="Running"))
    assert world.domain and world.domain.state == "running"


def test_saved_without_ever_having_run_does_not_claim_a_save() -> None:
    _, operator, vm = running(runStrategy="Manual", power="Saved")
    plan = operator.plan(vm)
    assert plan.outcome.reason == "Off"
    assert "no memory to save" in plan.outcome.message


@pytest.mark.parametrize("end", ["guest crashes", "guest shuts itself down", "virsh destroy"])
def test_it_does_not_start_again_by_itself_but_obeys_start(end: str) -> None:
    world, operator, vm = running(runStrategy="Manual", power="Running")
    assert happen(world, end)
    operator.settle(vm)
    assert world.starts == 1
    patch = commands.start(vm, "now")["spec"]
    operator.settle(changed(vm, **patch))
    assert world.starts == 2


def test_it_does_not_start_again_when_it_ends_before_the_operator_sees_it_run() -> None:
    world, vm = World(), machine(runStrategy="Manual", power="Running")
    Operator(world).reconcile(vm)
    world.shut_itself_down()
    assert Operator(world).settle(vm).outcome.reason == "Ended"
    assert world.starts == 1


def test_power_turned_off_and_on_again_while_the_guest_shuts_down_ends_in_running() -> None:
    world, operator, vm = running(runStrategy="Manual", power="Running")
    operator.reconcile(changed(vm, power="Stopped"))
    operator.reconcile(vm)
    world.tick()
    operator.settle(vm)
    assert world.domain and world.domain.state == "running"


def test_without_power_it_is_stopped() -> None:
    world, _, _ = running(runStrategy="Manual")
    assert world.starts == 0
    assert machine(runStrategy="Manual").spec.power is None
