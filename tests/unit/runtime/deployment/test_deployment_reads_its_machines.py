"""What a machine's status tells its deployment: whether it is ready, whether it serves, and whether that is known at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeostat.models.machine import MachineDisk, MachineState, VirtualMachine, VirtualMachineSpec
from homeostat.planner.deployment.observed import Replica
from homeostat.planner.observed import ProbedHealth, RememberedActs
from homeostat.runtime.deployment.replicas import replica
from homeostat.runtime.host.deserted import OPERATOR_GONE
from homeostat.runtime.machine.status import machine_status, unknown_status
from tests.unit.driving import Operator
from tests.unit.machines import machine
from tests.unit.world import HOST, World

THEN, LATER = "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"
EPOCH, HOUR = 1767225600.0, 3600.0
WELL = ProbedHealth(started=True, ready=True, alive=True, was_ready=True, message="HTTP 200")
LOST = replace(WELL, ready=False, message="HTTP 500")


def seen(now: str = THEN, health: ProbedHealth | None = None, **changes: Any) -> VirtualMachine:
    """A machine that runs, as it was looked at."""
    vm, operator = machine(), Operator(World())
    operator.settle(vm)
    return look(vm, operator, now, health, **changes)


def look(vm: VirtualMachine, operator: Operator, now: str, health: ProbedHealth | None, **changes: Any) -> VirtualMachine:
    observed = replace(operator.world.observe(vm, RememberedActs()), health=health, **changes)
    return vm.model_copy(update={"status": machine_status(vm, observed, operator.plan(vm), {}, None, now)})


def told(vm: VirtualMachine, **how: Any) -> tuple[bool, bool, bool, bool]:
    """Available, serves for certain, may serve, unknown."""
    found: Replica = replica(vm, "web", **how)
    return found.available(0, EPOCH + HOUR), found.serves(0, EPOCH + HOUR), found.may_serve, found.unknown


def with_status(vm: VirtualMachine, **fields: Any) -> VirtualMachine:
    assert vm.status is not None
    return vm.model_copy(update={"status": vm.status.model_copy(update=fields)})


def conditions(vm: VirtualMachine, **words: str) -> VirtualMachine:
    assert vm.status is not None
    changed = (c.model_copy(update={"status": words.get(c.type, c.status)}) for c in vm.status.conditions)
    return with_status(vm, conditions=tuple(changed))


@pytest.mark.parametrize("health", [None, WELL])
def test_one_that_runs_and_passes_its_probes(health: ProbedHealth | None) -> None:
    assert told(seen(health=health)) == (True, True, True, False)


def test_one_that_is_not_ready_and_serves() -> None:
    """Drifted, say, or stalled by what its spec asks for."""
    assert told(conditions(seen(), Ready="False")) == (False, True, True, False)


def test_one_whose_probes_fail() -> None:
    found = replica(seen(health=LOST), "web")
    assert told(seen(health=LOST)) == (False, False, False, False)
    assert found.lost


@pytest.mark.parametrize("state", [MachineState.STOPPED, MachineState.PAUSED, MachineState.STOPPING, MachineState.FAILED])
def test_one_that_does_not_run(state: MachineState) -> None:
    assert told(conditions(with_status(seen(), state=state), Ready="False", Running="False")) == (False, False, False, False)


def test_one_whose_host_is_away_may_serve() -> None:
    vm = seen(health=LOST)
    operator = Operator(World())
    gone = look(vm, operator, LATER, None, host=replace(HOST, reachable=False, error="libvirt does not answer"))
    assert told(gone) == (False, False, True, True)
    assert not replica(gone, "web").lost
    unserved = vm.model_copy(update={"status": unknown_status(vm, OPERATOR_GONE, "nobody serves it", LATER)})
    assert told(unserved) == (False, False, True, True)


def test_one_that_was_not_looked_at_yet_may_serve() -> None:
    assert told(seen(), looked_at=False) == (False, False, True, True)
    assert told(seen(health=LOST), looked_at=False) == (False, False, True, True)
    assert not replica(seen(health=LOST), "web", looked_at=False).lost
    assert told(machine()) == (False, False, True, True), "one without a status, as after the index was lost"


def test_one_whose_spec_has_changed_since_may_serve() -> None:
    vm = seen(health=LOST)
    newer = vm.model_copy(update={"metadata": vm.metadata.model_copy(update={"generation": vm.metadata.generation + 1})})
    assert told(newer) == (False, False, True, True)


def test_one_that_lost_its_placement_may_serve_where_it_was() -> None:
    vm = seen()
    assert vm.status is not None
    ready = tuple(c for c in vm.status.conditions if c.type != "Running")
    assert told(conditions(with_status(vm, conditions=ready), Ready="False")) == (False, False, True, True)


def test_one_that_no_host_took_yet_does_not_serve() -> None:
    vm = machine()
    pending = look(vm, Operator(World()), THEN, None)
    assert pending.status is not None
    assert told(with_status(pending, conditions=pending.status.conditions[:1])) == (False, False, False, False)


def test_it_serves_since_it_runs_and_passes_its_probes() -> None:
    vm = seen(health=LOST)
    operator = Operator(World())
    operator.settle(vm)
    well = look(vm, operator, LATER, WELL)
    found = replica(well, "web")
    assert (found.ready_since, found.serving_since) == (EPOCH + HOUR, EPOCH + HOUR)


def test_disks_that_it_never_got() -> None:
    vm = with_status(seen(), disks=(MachineDisk(name="data", size=1),))
    more = [{"name": name, "size": "1Gi"} for name in ("data", "more")] + [{"name": "iso", "type": "cdrom"}]
    asked = vm.model_copy(update={"spec": VirtualMachineSpec.model_validate({"disks": more})})
    assert replica(asked, "web").lacks == {"more"}
    assert replica(asked, "web", looked_at=False).lacks == set(), "it may have it by now"
    assert replica(with_status(asked, state=MachineState.STOPPED), "web").lacks == set()
