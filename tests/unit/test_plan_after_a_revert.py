"""virsh snapshot-revert brings the definition and our record of the snapshot's time back: nothing is done twice for that."""

from __future__ import annotations

import pytest

from homeostat.planner import actions as act
from homeostat.planner.plan import Converged
from tests.unit.machines import Spec, changed, running

POLICIES = [{}, {"driftPolicy": "Report"}, {"runStrategy": "RerunOnFailure"}, {"runStrategy": "Once"}]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_restart_that_was_carried_out_is_not_carried_out_again(policy: Spec) -> None:
    world, operator, vm = running(**policy)
    world.take_snapshot()
    vm = changed(vm, restartedAt="t1")
    operator.settle(vm)
    starts = world.starts
    world.revert()
    operator.done.clear()
    operator.settle(vm)
    assert world.starts == starts + 1, "by the revert alone"
    assert not any(isinstance(a, act.ShutdownDomain | act.PowerOffDomain | act.StartDomain) for a in operator.done)

    operator.settle(changed(vm, restartedAt="t2"))
    assert world.starts == starts + 2, "one that comes later is"


def test_the_definition_of_then_is_drift_and_no_new_spec() -> None:
    world, operator, vm = running(driftPolicy="Report")
    world.take_snapshot()
    vm = changed(vm, resources={"memory": "1Gi", "vcpu": 2})
    operator.settle(vm)
    world.revert()
    operator.done.clear()
    plan = operator.settle(vm)
    assert not any(isinstance(a, act.DefineDomain) for a in operator.done)
    assert {change.field for change in plan.drift} >= {"resources.vcpu", "resources.memory"}


def test_it_is_put_right_where_drift_is_corrected() -> None:
    world, operator, vm = running()
    world.take_snapshot()
    vm = changed(vm, resources={"vcpu": 2})
    operator.settle(vm)
    world.revert()
    operator.done.clear()
    operator.settle(vm)
    defined = [a.reason for a in operator.done if isinstance(a, act.DefineDomain)]
    assert defined == ["someone else changed resources.vcpu"]


def test_its_end_is_no_crash() -> None:
    world, operator, vm = running()
    world.destroy()
    world.take_snapshot()
    operator.settle(vm)
    world.revert()
    plan = operator.settle(vm)
    assert isinstance(plan.outcome, Converged) and world.domain is not None and world.domain.active
    assert operator.memory.ended == 0


def test_a_reverted_definition_keeps_its_disk() -> None:
    """The overlay that was made since does not fit any more: what somebody reverted to is what counts."""
    world, operator, vm = running(disks=[{"name": "data", "size": "1Gi"}])
    world.take_snapshot()
    world.snapshot("data", "/backup/data.snap")
    world.revert()
    plan = operator.settle(vm)
    assert isinstance(plan.outcome, Converged) and not plan.moved
    assert not any(isinstance(a, act.DefineDomain) for a in operator.done)
