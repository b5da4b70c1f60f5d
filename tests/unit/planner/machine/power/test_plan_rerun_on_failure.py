"""runStrategy RerunOnFailure: started again however it ended, but for a guest that shut itself down."""

from __future__ import annotations

import pytest

from tests.unit.driving import Operator
from tests.unit.machines import changed, happen, running


@pytest.mark.parametrize("end", ["guest crashes", "virsh destroy"])
def test_a_failed_machine_runs_again(end: str) -> None:
    world, operator, vm = running(runStrategy="RerunOnFailure")
    assert happen(world, end)
    operator.settle(vm)
    assert world.starts == 2


def test_a_guest_that_shut_itself_down_stays_off_and_how_to_start_it_is_said() -> None:
    world, operator, vm = running(runStrategy="RerunOnFailure")
    world.shut_itself_down()
    plan = operator.settle(vm)
    assert world.starts == 1
    assert "its guest shut down by itself" in plan.outcome.message
    assert "homeostat start web" in plan.outcome.message


def test_it_stays_off_when_operator_and_libvirtd_are_restarted() -> None:
    world, operator, vm = running(runStrategy="RerunOnFailure")
    world.shut_itself_down()
    operator.settle(vm)
    world.restart_libvirtd()
    Operator(world).settle(vm)
    assert world.starts == 1


def test_a_shutdown_that_we_asked_for_and_that_is_no_longer_wanted_does_not_count_as_the_guest_s_own() -> None:
    world, operator, vm = running(runStrategy="RerunOnFailure")
    operator.reconcile(changed(vm, runStrategy="Halted"))  # asked
    operator.reconcile(vm)  # no longer wanted
    world.tick()  # obeyed
    operator.settle(vm)
    assert world.domain and world.domain.state == "running"
