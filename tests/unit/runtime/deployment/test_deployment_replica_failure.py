"""What keeps a replica from becoming ready is told by its deployment, also where it is tried again; what is under way is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeostat.driver import errors
from homeostat.driver.errors import DriverError
from homeostat.models.machine import VirtualMachine
from homeostat.planner.observed import ProbedHealth, RememberedActs
from homeostat.runtime.deployment.replicas import replica
from homeostat.runtime.machine.status import machine_status
from tests.unit.driving import Operator
from tests.unit.machines import machine
from tests.unit.world import HOST, World

NOW = "2026-01-01T00:00:00Z"
PROBED: dict[str, Any] = {"probes": {"readiness": {"tcpSocket": {"port": 80}}}}


def failure(vm: VirtualMachine, operator: Operator, error: DriverError | None = None, health: ProbedHealth | None = None) -> str:
    """What the deployment is told, once the machine's status is written."""
    observed = replace(operator.world.observe(vm, RememberedActs()), health=health)
    status = machine_status(vm, observed, operator.plan(vm), {}, error, NOW)
    return replica(vm.model_copy(update={"status": status}), "web").failure


@pytest.mark.parametrize("kind", [errors.NoMemory, errors.NoSpace, errors.ResourceInUse, errors.Refused, errors.DriverError])
def test_a_step_that_failed(kind: type[DriverError]) -> None:
    vm = machine()
    assert failure(vm, Operator(World()), kind("the host is full: make room")) == "the host is full: make room"


def test_a_host_that_lacks_something() -> None:
    vm, operator = machine(nics=[{"name": "lan", "network": "lab"}]), Operator(World())
    operator.settle(vm)
    assert "no network 'lab'" in failure(vm, operator)


def test_a_host_that_cannot_be_reached() -> None:
    vm = machine()
    operator = Operator(World(host=replace(HOST, reachable=False, error="libvirt does not answer")))
    assert failure(vm, operator) == "libvirt does not answer"


def test_a_machine_that_is_being_made_or_boots_has_not_failed() -> None:
    vm, operator = machine(**PROBED), Operator(World())
    assert failure(vm, operator) == ""
    operator.settle(vm)
    assert (
        failure(vm, operator, health=ProbedHealth(started=True, ready=False, alive=True, was_ready=False, message="refused"))
        == ""
    )
    assert failure(vm, operator) == ""


def test_a_machine_that_somebody_stopped_is_named_with_how_it_starts() -> None:
    vm, operator = machine(runStrategy="Halted"), Operator(World())
    operator.settle(vm)
    assert failure(vm, operator) == "somebody stopped it (runStrategy: Halted); `homeostat start web` starts it"
    assert replica(machine(runStrategy="Halted", deleting=True), "web").failure == ""
