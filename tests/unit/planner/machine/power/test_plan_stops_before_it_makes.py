"""A machine that is to stay off goes off first: what cannot be made, for lack of space, does not keep it on."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.planner import actions as act
from tests.unit.machines import changed, running

NOW = "2026-01-01T00:00:00Z"
MORE = [{"name": "root", "size": "1Gi"}, {"name": "more", "size": "1Gi"}]


@pytest.mark.parametrize(
    "wanted", [{"runStrategy": "Halted"}, {"runStrategy": "Halted", "poweredOffAt": NOW}], ids=["asked", "by force"]
)
def test_nothing_is_made_until_it_is_off(wanted: dict[str, Any]) -> None:
    world, operator, vm = running(disks=MORE[:1])
    made = len(world.disks)
    stopped = changed(vm, disks=MORE, **wanted)
    plan = operator.plan(stopped)
    ends = [action for action in plan.actions if isinstance(action, act.ShutdownDomain | act.PowerOffDomain)]
    others = {type(action) for action in plan.actions} - {act.ShutdownDomain, act.PowerOffDomain}
    assert ends and others <= {act.WriteRecord, act.SetAutostart}
    operator.reconcile(stopped)
    assert world.domain is not None and len(world.disks) == made
    operator.settle(stopped)
    assert not world.domain.active and len(world.disks) == made + 1
    assert {disk.name for disk in world.domain.config.disks} >= {"root", "more"}


def test_nor_while_it_is_waited_for() -> None:
    world, operator, vm = running(disks=MORE[:1], shutdown={"gracePeriodSeconds": 60})
    world.obedient = False
    operator.reconcile(changed(vm, runStrategy="Halted"))
    operator.now += 3
    plan = operator.plan(changed(vm, disks=MORE, runStrategy="Halted"))
    assert not [action for action in plan.actions if isinstance(action, act.CreateDisk | act.DefineDomain)]


def test_what_a_restart_needs_is_made_before_it_goes_down() -> None:
    _, operator, vm = running(disks=MORE[:1], updatePolicy="Immediate")
    plan = operator.plan(changed(vm, disks=MORE, resources={"vcpu": 4}, restartedAt=NOW))
    kinds = [type(action) for action in plan.actions]
    assert act.CreateDisk in kinds and act.ShutdownDomain in kinds
    assert kinds.index(act.CreateDisk) < kinds.index(act.ShutdownDomain)
