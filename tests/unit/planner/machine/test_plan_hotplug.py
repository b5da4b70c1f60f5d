"""Devices that can come and go while the machine runs do, and in such a way that libvirt takes them."""

from __future__ import annotations

from dataclasses import replace

from homeostat.planner import actions as act
from homeostat.planner.plan import Converged
from tests.unit.driving import Operator
from tests.unit.machines import IMAGE, changed, machine, running
from tests.unit.world import HOST, World

DATA = {"name": "data", "size": "1Gi"}
CDROM = {"name": "iso", "type": "cdrom"}


def test_a_disk_is_attached_before_a_cdrom_whose_place_in_the_boot_order_it_takes() -> None:
    """The simulated libvirt refuses a place that is taken, as the real one does."""
    world, operator, vm = running(disks=[{"name": "root", "size": "1Gi"}, CDROM])
    plan = operator.settle(changed(vm, disks=[{"name": "root", "size": "1Gi"}, DATA, CDROM]))
    assert world.domain and world.domain.config and world.domain.live
    assert {d.name for d in world.domain.live.disks} == {"root", "data", "iso"}
    assert {d.name: d.boot_order for d in world.domain.config.disks} == {"root": 1, "data": 2, "iso": 3}
    assert plan.pending == () and isinstance(plan.outcome, Converged)


def test_a_new_disk_takes_no_device_name_that_a_removed_one_still_has() -> None:
    world, operator, vm = running(disks=[{"name": "old", "size": "1Gi"}])
    plan = operator.settle(changed(vm, disks=[DATA]))
    assert world.domain and world.domain.live
    assert {d.name: d.target for d in world.domain.live.disks} == {"old": "vda", "data": "vdb"}
    assert [(c.field, c.new) for c in plan.pending] == [("disks[old]", "removed")]


def test_a_disk_whose_device_name_is_taken_in_a_restored_guest_waits_for_a_restart() -> None:
    _, operator, vm = running(runStrategy="Manual", power="Running", disks=[{"name": "old", "size": "1Gi"}])
    operator.settle(changed(vm, power="Saved"))
    operator.settle(changed(vm, power="Saved", disks=[DATA]))  # the definition; what was saved has the old disk
    plan = operator.settle(changed(vm, power="Running", disks=[DATA]))
    assert {c.field: c.disruption.word for c in plan.pending} == {
        "disks[old]": "NeedsRestart",
        "disks[data]": "NeedsRestart",
    }


def test_another_medium_is_put_in() -> None:
    world, operator, vm = running(disks=[CDROM])
    plan = operator.settle(changed(vm, disks=[{**CDROM, "image": IMAGE}]))
    assert any(isinstance(a, act.ChangeMedium) for a in operator.done)
    assert plan.pending == ()
    assert world.starts == 1


def test_a_nic_comes_and_goes() -> None:
    world, operator, vm = running(nics=[{"name": "a", "network": "default"}])
    operator.settle(changed(vm, nics=[{"name": "b", "network": "default"}]))
    assert [type(a) for a in operator.done if "Nic" in type(a).__name__] == [act.DetachNic, act.AttachNic]
    assert world.domain and world.domain.live and [n.name for n in world.domain.live.nics] == ["b"]


def test_port_forwards_wait_for_a_restart() -> None:
    _, operator, vm = running()
    nic = {"name": "user", "user": {"forwards": [{"hostPort": 8080, "guestPort": 80}]}}
    assert [c.field for c in operator.settle(changed(vm, nics=[nic])).pending] == ["nics[user]"]


def test_nothing_is_attached_to_a_machine_that_is_about_to_stop() -> None:
    """A guest that refuses a device must not keep us from stopping it."""
    _, operator, vm = running()
    plan = operator.plan(changed(vm, disks=[DATA], runStrategy="Halted"))
    kinds = [type(a) for a in plan.actions]
    assert act.AttachDisk not in kinds and act.ShutdownDomain in kinds


def test_where_nothing_can_be_attached_it_waits_for_a_restart() -> None:
    world = World(host=replace(HOST, attach=False))
    operator = Operator(world)
    operator.settle(machine())
    plan = operator.settle(machine(disks=[DATA]))
    assert [c.field for c in plan.pending] == ["disks[data]"]
    assert not any(isinstance(a, act.AttachDisk) for a in operator.done)
