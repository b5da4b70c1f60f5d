"""A finalizer written by hand chooses no host past selector and maintenance, and gives no machine a second domain."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeostat.models.base import Key
from homeostat.models.host import Host
from homeostat.models.machine import VirtualMachine, VirtualMachineStatus
from homeostat.planner.machine import plan_machine
from homeostat.planner.observed import RememberedActs
from homeostat.planner.plan import Plan, Waiting
from homeostat.runtime.machine.placement import unadmitted
from homeostat.runtime.machine.status import machine_status
from tests.unit.driving import Operator
from tests.unit.machines import machine
from tests.unit.operating import Shelf, WorldHost, an_operator, at_work, until
from tests.unit.runtime.engine.test_operator_wakes import reason
from tests.unit.world import World

NO = Waiting("NoHostMatches", "not here")


def host(maintenance: bool = False, deleting: bool = False, **labels: str) -> Host:
    gone = {"deletionTimestamp": "2026-01-01T00:00:00Z"} if deleting else {}
    metadata = {"name": "b", "labels": labels, **gone}
    return Host.model_validate({"metadata": metadata, "spec": {"maintenance": maintenance}})


def seen_on(name: str | None, **spec: Any) -> VirtualMachine:
    return machine(**spec).model_copy(update={"status": VirtualMachineStatus(host=name)})


@pytest.mark.parametrize(
    ("vm", "on", "made_here", "why"),
    [
        (machine(), host(), False, ""),
        (machine(hostSelector={"disk": "ssd"}), host(disk="ssd"), False, ""),
        (machine(hostSelector={"kubernetes.io/hostname": "b"}), host(), False, ""),
        (machine(hostSelector={"disk": "ssd"}), host(disk="hdd"), False, "host b, which lacks the label disk=ssd"),
        (machine(), host(maintenance=True), False, "host b, which is in maintenance"),
        (machine(), host(deleting=True), False, "host b, which is being deleted"),
        (machine(hostSelector={"disk": "ssd"}), host(maintenance=True), True, ""),
        (seen_on("b"), host(), False, ""),
        (seen_on(None), host(), False, ""),
        (seen_on("long-gone"), host(), False, ""),
        (seen_on("a"), host(), False, "its domain is on host a, and its finalizer names host b"),
        (seen_on("a"), host(), True, "its domain is on host a, and its finalizer names host b"),
    ],
)
def test_security_17_who_is_not_made_there_and_why(vm: VirtualMachine, on: Host, made_here: bool, why: str) -> None:
    found = unadmitted(vm, on, {"a", "b"}, made_here)
    assert (found is not None) == bool(why)
    assert found is None or why in found.message


def test_security_17_nothing_is_made_and_what_is_there_goes_on() -> None:
    world, operator = World(), Operator(World())
    observed = replace(world.observe(machine(), RememberedActs()), unadmitted=NO)
    plan = plan_machine(machine(), observed, 0.0)
    assert (plan.actions, plan.outcome) == ((), NO)
    operator.settle(machine())
    there = replace(operator.world.observe(machine(), operator.memory), unadmitted=NO)
    assert plan_machine(machine(), there, operator.now).outcome != NO


def test_security_17_where_its_domain_is_stays_known_as_nobody_else_sees_it() -> None:
    elsewhere = unadmitted(seen_on("a"), host(), {"a", "b"}, False)
    observed = replace(World().observe(machine(), RememberedActs()), unadmitted=elsewhere)
    status = machine_status(seen_on("a"), observed, Plan(outcome=NO), {}, None, "2026-01-01T00:00:00Z")
    assert status.host == "a"
    other = replace(observed, unadmitted=NO)
    assert machine_status(seen_on("a"), other, Plan(outcome=NO), {}, None, "2026-01-01T00:00:00Z").host is None


async def test_security_17_it_comes_up_as_soon_as_its_host_takes_it() -> None:
    vm, closed = machine(), [True]
    shelf = Shelf(vm)
    operator = an_operator(shelf, WorldHost(), admits=lambda machine, made_here: NO if closed[0] else None)
    async with at_work(operator):
        await until(lambda: reason(shelf, vm.key) == NO.reason and operator.queue.idle())
        closed[0] = False
        operator.resource_changed(Key(Host.KIND, "default", "b"))
        await until(lambda: reason(shelf, vm.key) not in ("", NO.reason))
