"""A guest that the host's shutdown ended has not ended by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeostat.models.machine import MachineState
from homeostat.planner.plan import Converged, Stalled
from homeostat.runtime.machine.status import machine_status
from tests.unit.driving import Operator
from tests.unit.machines import machine
from tests.unit.world import HOST, World


def rebooted(strategy: str) -> tuple[World, Operator]:
    """libvirt-guests shuts the guest down while no operator runs, then the host boots again."""
    world, vm = World(host=replace(HOST, boot_id="first")), machine(runStrategy=strategy)
    Operator(world).settle(vm)
    assert world.domain and world.domain.record and world.domain.record.boot == "first"
    world.shut_itself_down()
    world.host = replace(HOST, boot_id="second")
    return world, Operator(world)


def test_rerun_on_failure_starts_again() -> None:
    world, operator = rebooted("RerunOnFailure")
    operator.settle(machine(runStrategy="RerunOnFailure"))
    assert world.starts == 2
    assert world.domain and world.domain.record and world.domain.record.boot == "second"


def test_once_does_not_count_as_succeeded() -> None:
    world, operator = rebooted("Once")
    vm = machine(runStrategy="Once")
    plan = operator.settle(vm)
    assert isinstance(plan.outcome, Stalled) and world.starts == 1
    status = machine_status(vm, world.observe(vm, operator.memory), plan, {}, None, "2026-01-01T00:00:00Z")
    assert status.state is MachineState.FAILED


@pytest.mark.parametrize("boot", ["first", ""])
def test_without_another_boot_it_is_its_own_success(boot: str) -> None:
    world, vm = World(host=replace(HOST, boot_id=boot)), machine(runStrategy="RerunOnFailure")
    Operator(world).settle(vm)
    world.shut_itself_down()
    assert isinstance(Operator(world).settle(vm).outcome, Converged) and world.starts == 1


def test_what_ended_before_the_host_went_down_stays_ended() -> None:
    world, vm = World(host=replace(HOST, boot_id="first")), machine(runStrategy="RerunOnFailure")
    operator = Operator(world)
    operator.settle(vm)
    world.shut_itself_down()
    operator.settle(vm)
    world.host = replace(HOST, boot_id="second")
    Operator(world).settle(vm)
    assert world.starts == 1


def test_a_machine_that_always_runs_needs_no_such_note() -> None:
    world, vm = World(host=replace(HOST, boot_id="first")), machine()
    Operator(world).settle(vm)
    assert world.domain and world.domain.record and world.domain.record.boot == ""
