"""updatePolicy: which disruption of a running machine a change of its spec may cause."""

from __future__ import annotations

import pytest

from homeostat.planner import actions as act
from homeostat.planner.plan import Converged
from tests.unit.machines import changed, running

MORE = {"resources": {"memory": "1Gi"}}


def memory_of(world: object, which: str) -> int:
    config = getattr(world.domain, which)  # type: ignore[attr-defined]
    return int(config.memory // 2**20)


def test_on_next_boot_the_definition_is_changed_and_the_guest_goes_on() -> None:
    world, operator, vm = running(updatePolicy="OnNextBoot")
    plan = operator.settle(changed(vm, **MORE))
    assert (memory_of(world, "config"), memory_of(world, "live"), world.starts) == (1024, 512, 1)
    assert [(c.field, c.old, c.new, c.disruption.word) for c in plan.pending] == [
        ("resources.memory", "512Mi", "1Gi", "NeedsRestart")
    ]


def test_the_next_boot_brings_it() -> None:
    world, operator, vm = running(updatePolicy="OnNextBoot")
    vm = changed(vm, **MORE)
    operator.settle(vm)
    plan = operator.settle(changed(vm, restartedAt="now"))
    assert memory_of(world, "live") == 1024
    assert plan.pending == ()


def test_immediate_restarts_the_machine_once_and_asks_the_guest_first() -> None:
    world, operator, vm = running(updatePolicy="Immediate")
    operator.settle(changed(vm, **MORE))
    assert (memory_of(world, "live"), world.starts) == (1024, 2)
    assert any(isinstance(a, act.ShutdownDomain) and "resources.memory needs a restart" in a.reason for a in operator.done)
    assert not any(isinstance(a, act.PowerOffDomain) for a in operator.done)


def test_immediate_does_not_restart_again_and_again_for_what_a_restart_does_not_bring() -> None:
    world, operator, vm = running(updatePolicy="Immediate")
    world.quirks = {"vcpus": 3}  # the hypervisor insists
    plan = operator.settle(changed(vm, **MORE))
    assert world.starts <= 3
    assert isinstance(plan.outcome, Converged)
    assert [c.field for c in plan.pending] == ["resources.vcpu"]


def test_never_changes_nothing_while_it_runs() -> None:
    world, operator, vm = running(updatePolicy="Never", disks=[{"name": "data", "size": "1Gi"}])
    edit = changed(vm, **MORE, disks=[{"name": "data", "size": "2Gi"}, {"name": "more", "size": "1Gi"}])
    plan = operator.settle(edit)
    assert (memory_of(world, "config"), memory_of(world, "live")) == (512, 512)
    assert all(isinstance(a, act.CreateDisk | act.NoteDisks) for a in operator.done), "a new file disturbs nobody"
    assert {c.field for c in plan.pending} == {"resources.memory", "disks[more]", "disks[data].size"}


@pytest.mark.parametrize("policy", ["Never", "OnNextBoot"])
def test_a_machine_that_is_off_is_changed_at_once(policy: str) -> None:
    world, operator, vm = running(updatePolicy=policy, runStrategy="Halted")
    operator.settle(changed(vm, **MORE))
    assert memory_of(world, "config") == 1024


def test_never_brings_everything_with_a_restart_that_is_asked_for() -> None:
    world, operator, vm = running(updatePolicy="Never", disks=[{"name": "data", "size": "1Gi"}])
    vm = changed(vm, **MORE, disks=[{"name": "data", "size": "2Gi"}])
    operator.settle(vm)
    plan = operator.settle(changed(vm, restartedAt="now"))
    assert (memory_of(world, "live"), world.starts) == (1024, 2)
    assert [d.virtual_size for d in world.disks.values()] == [2 * 2**30]
    assert plan.pending == ()


def test_a_change_never_undefines() -> None:
    _, operator, vm = running(updatePolicy="Immediate")
    operator.settle(changed(vm, machine={"type": "pc"}, firmware={"type": "UEFI"}, nics=[{"name": "lan", "network": "default"}]))
    assert not any(isinstance(a, act.UndefineDomain) for a in operator.done)


@pytest.mark.parametrize("size", ["1G", "500M", "17000001"])
def test_memory_in_odd_units_is_no_difference(size: str) -> None:
    """libvirt counts in KiB, and gives QEMU whole MiB."""
    world, operator, vm = running(updatePolicy="Immediate", resources={"memory": size})
    assert operator.settle(vm).pending == ()
    assert (world.starts, operator.done) == (1, [])


def test_a_policy_that_becomes_immediate_restarts_it_for_what_waits() -> None:
    """Only where drift is corrected: elsewhere nothing tells what others did from what waits."""
    for drift, starts in (("Correct", 2), ("Report", 1)):
        world, operator, vm = running(driftPolicy=drift)
        waits = changed(vm, resources={"memory": "1Gi"})
        operator.settle(waits)
        assert world.starts == 1
        operator.settle(changed(waits, updatePolicy="Immediate"))
        assert world.starts == starts


def test_where_drift_is_reported_immediate_restarts_it_for_the_spec_and_not_for_others() -> None:
    world, operator, vm = running(driftPolicy="Report", updatePolicy="Immediate", nics=[{"name": "lan", "network": "default"}])
    world.edit(memory=64 * 2**20)
    world.edit_live(nics=())
    operator.settle(vm)
    assert world.starts == 1
    operator.settle(changed(vm, resources={"memory": "1Gi"}))
    assert world.starts == 2


def test_a_restart_that_has_begun_goes_on_though_the_guest_does_not_obey() -> None:
    world, operator, vm = running(driftPolicy="Report", updatePolicy="Immediate", shutdown={"gracePeriodSeconds": 20})
    world.obedient = False
    larger = changed(vm, resources={"memory": "1Gi"})
    for _ in range(60):
        operator.reconcile(larger)
        operator.now += 1
    assert world.starts == 2 and operator.plan(larger).pending == ()


def test_what_is_wrong_with_a_disk_is_not_told_while_the_machine_goes_off() -> None:
    world, operator, vm = running(disks=[{"name": "data", "size": "2Gi"}])
    world.obedient = False
    smaller = changed(vm, disks=[{"name": "data", "size": "1Gi"}])
    assert operator.settle(smaller).outcome.reason == "DiskShrink"
    assert operator.plan(changed(smaller, runStrategy="Halted")).outcome.reason == "ShuttingDown"
