"""virsh snapshot-revert brings the definition and our record of the snapshot's time back: nothing is done twice for that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeostat.planner import actions as act
from homeostat.planner.observed import REVERTED, DomainState
from homeostat.planner.plan import Converged
from tests.unit.driving import Operator
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


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (DomainState.PAUSED, "starting-up"),
        (DomainState.PAUSED, "user"),
        (DomainState.RUNNING, "booted"),
        (DomainState.SHUTOFF, REVERTED),
    ],
)
@pytest.mark.parametrize("policy", POLICIES)
def test_nor_while_the_revert_is_under_way(policy: Spec, state: DomainState, reason: str) -> None:
    """What is planned then waits for libvirt's lock, and is done to what was reverted to."""
    world, operator, vm = running(**policy)
    world.take_snapshot()
    vm = changed(vm, restartedAt="t1")
    operator.settle(vm)
    world.revert()
    operator.done.clear()
    assert world.domain is not None
    over = world.domain.state
    world.domain.state, world.domain.reason = state, reason
    plan = operator.plan(vm)
    assert not any(isinstance(a, act.ShutdownDomain | act.PowerOffDomain) for a in plan.actions)
    world.domain.state, world.domain.reason = over, REVERTED
    operator.settle(vm)
    assert not any(isinstance(a, act.ShutdownDomain | act.PowerOffDomain | act.StartDomain) for a in operator.done)
    assert operator.memory.ended == 0


def test_nor_where_the_operator_was_started_while_it_is_under_way() -> None:
    world, operator, vm = running()
    world.take_snapshot()
    vm = changed(vm, restartedAt="t1")
    operator.settle(vm)
    world.revert()
    assert world.domain is not None
    world.domain.state, world.domain.reason = DomainState.PAUSED, "starting-up"
    assert not any(isinstance(a, act.ShutdownDomain) for a in Operator(world).plan(vm).actions)


def test_an_older_definition_that_is_defined_again_is_no_new_token_either() -> None:
    """`virsh define` of a file of then: libvirt gives no reason for that. A token that comes later counts."""
    world, operator, vm = running()
    assert world.domain is not None
    then = world.domain.config
    vm = changed(vm, restartedAt="t1")
    operator.settle(vm)
    starts = world.starts
    world.domain.config = then
    operator.settle(vm)
    assert world.starts == starts
    operator.settle(changed(vm, restartedAt="t2"))
    assert world.starts == starts + 1


def test_a_clock_that_is_put_back_hides_no_token() -> None:
    world, operator, vm = running()
    operator.memory = replace(operator.memory, written_at="999999999")
    operator.settle(vm)
    starts = world.starts
    operator.settle(changed(vm, restartedAt="t1"))
    assert world.starts == starts + 1


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
