"""Memory that someone took from a running guest (virsh setmem) is given back, or it is said that the next start brings it."""

from __future__ import annotations

from homeostat.driver.xml.elements import parse_xml
from homeostat.driver.xml.general import parse_balloon
from homeostat.planner import actions as act
from tests.unit.machines import changed, running

MIB = 2**20


def test_it_is_given_back() -> None:
    world, operator, vm = running()
    world.balloon = 128 * MIB
    plan = operator.settle(vm)
    assert [type(a) for a in operator.done] == [act.SetMemory]
    assert operator.done[0].memory == 512 * MIB  # type: ignore[union-attr]
    assert plan.pending == () and world.starts == 1
    world.balloon = 64 * MIB  # once more
    operator.settle(vm)
    assert [type(a) for a in operator.done] == [act.SetMemory] * 2


def test_a_guest_that_does_not_take_it_is_asked_once_and_that_is_told_but_no_reason_to_restart_it() -> None:
    world, operator, vm = running(updatePolicy="Immediate")
    world.balloon, world.driver = 128 * MIB, False
    plan = operator.settle(vm)
    assert [type(a) for a in operator.done] == [act.SetMemory] and world.starts == 1
    assert [(c.field, c.old, c.new) for c in plan.pending] == [("resources.memory", "128Mi", "512Mi")]


def test_where_drift_is_reported_it_is_named() -> None:
    world, operator, vm = running(driftPolicy="Report")
    world.balloon = 128 * MIB
    plan = operator.settle(vm)
    assert operator.done == [] and [c.field for c in plan.drift] == ["resources.memory"]


def test_a_machine_whose_memory_waits_for_a_restart_is_left_until_then() -> None:
    world, operator, vm = running()
    world.balloon = 128 * MIB
    operator.settle(changed(vm, resources={"memory": "1Gi"}))
    assert act.SetMemory not in [type(a) for a in operator.done]


def test_how_libvirt_says_it() -> None:
    text = "<domain><memory unit='KiB'>65536</memory><currentMemory unit='KiB'>{}</currentMemory></domain>"
    assert parse_balloon(parse_xml(text.format(32768))) == 32 * MIB
    assert parse_balloon(parse_xml(text.format(65536))) == 0
    assert parse_balloon(parse_xml("<domain/>")) == 0
