"""Deleting a machine takes exactly what is its own, and nothing that says Retain (invariant 2)."""

from __future__ import annotations

from homeostat.models.base import API_VERSION, OwnerReference
from homeostat.planner import actions as act
from homeostat.planner.machine.removal.teardown import KEEP_DISKS
from tests.unit.driving import Operator
from tests.unit.machines import IMAGE, deleted, machine, running
from tests.unit.world import World

KEEP = {"name": "keep", "size": "1Gi", "reclaimPolicy": "Retain"}
DROP = {"name": "drop", "size": "1Gi"}


def test_domain_disks_and_folder_go_and_the_resource_is_released_last() -> None:
    world, operator, vm = running(disks=[DROP])
    operator.settle(deleted(vm))
    assert world.domain is None and world.disks == {} and world.released
    assert [type(a) for a in operator.done] == [
        act.NoteDeletion,
        act.WriteRecord,
        act.ShutdownDomain,
        act.UndefineDomain,
        act.DeleteFile,
        act.DeleteDirectory,
        act.ReleaseResource,
    ]


def test_a_retained_disk_stays() -> None:
    world, operator, vm = running(disks=[KEEP, DROP])
    operator.settle(deleted(vm))
    assert list(world.disks) == ["/state/machines/default/web/keep.qcow2"]
    assert world.released


def test_the_machine_s_policy_holds_for_disks_without_one() -> None:
    world, operator, vm = running(disks=[DROP, {**KEEP, "reclaimPolicy": "Delete"}], reclaimPolicy="Retain")
    operator.settle(deleted(vm))
    assert list(world.disks) == ["/state/machines/default/web/drop.qcow2"]


def test_a_retained_disk_is_taken_up_again_by_a_machine_of_the_same_name() -> None:
    world, operator, vm = running(disks=[KEEP])
    operator.settle(deleted(vm))
    world.released = False
    operator.done.clear()
    operator.settle(vm)
    assert not any(isinstance(a, act.CreateDisk) for a in operator.done)
    assert world.domain and world.domain.state == "running"


def test_a_machine_that_never_came_to_be_is_released() -> None:
    world = World()
    Operator(world).settle(machine(deleting=True))
    assert world.released


def test_a_suspended_machine_can_be_deleted() -> None:
    """Its file has gone, so nobody could take the suspension back."""
    world, operator, vm = running(suspend=False)
    operator.settle(deleted(machine(suspend=True)))
    assert world.domain is None and world.released
    assert vm.spec.suspend is False


def test_of_a_replica_the_disks_without_an_image_are_noted_down_for_the_next() -> None:
    world, operator, vm = running(disks=[KEEP, DROP, {"name": "root", "image": IMAGE}])
    owner = OwnerReference(api_version=API_VERSION, kind="VirtualMachineDeployment", name="web", uid="uid-of-web")
    going = deleted(vm)
    update = {"owner_references": (owner,), "annotations": {KEEP_DISKS: "true"}}
    operator.settle(going.model_copy(update={"metadata": going.metadata.model_copy(update=update)}))
    assert sorted(world.disks) == ["/state/machines/default/web/drop.qcow2", "/state/machines/default/web/keep.qcow2"]
    assert world.kept and (world.kept.owner, world.kept.disks) == ("uid-of-web", ("drop",)), "what is retained is nobody's"
    assert world.released


def test_a_folder_that_anothers_domain_uses_is_left_alone() -> None:
    """As after an object that was forced away: its domain runs on with the disks that one of the same name finds."""
    world, operator, vm = running(disks=[{"name": "data", "size": "1Gi"}])
    world.strangers, world.domain = {"/state/machines/default/web/data.qcow2": "web"}, None
    plan = operator.plan(deleted(vm))
    assert [type(action) for action in plan.actions] == [act.ReleaseResource]
    assert plan.actions[0].reason == "its folder is left to domain 'web'"
