"""Devices that can come and go while the machine runs do, and in such a way that libvirt takes them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeostat.planner import actions as act
from homeostat.planner.plan import Converged
from tests.unit.domains import Refused
from tests.unit.driving import Operator
from tests.unit.machines import IMAGE, Spec, changed, machine, running
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
    world, operator, vm = running(disks=[{"name": "old", "size": "1Gi"}])  # the guest boots from it
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


def test_a_disk_that_leaves_the_spec_leaves_the_guest_and_its_file_goes() -> None:
    world, operator, vm = running(disks=[{"name": "root", "size": "1Gi"}, DATA])
    plan = operator.settle(changed(vm, disks=[{"name": "root", "size": "1Gi"}]))
    steps = [type(a) for a in operator.done]
    assert steps.index(act.DetachDisk) < steps.index(act.DefineDomain) < steps.index(act.DeleteFile)
    assert world.domain and world.domain.live and [disk.name for disk in world.domain.live.disks] == ["root"]
    assert plan.pending == () and world.starts == 1


def test_one_that_is_retained_stays_on_the_host() -> None:
    world, operator, vm = running(disks=[{"name": "root", "size": "1Gi"}, {**DATA, "reclaimPolicy": "Retain"}])
    operator.settle(changed(vm, disks=[{"name": "root", "size": "1Gi"}]))
    assert world.domain and world.domain.live and [disk.name for disk in world.domain.live.disks] == ["root"]
    assert any(path.endswith("/data.qcow2") for path in world.disks)


def test_the_disk_that_the_guest_boots_from_stays_until_it_is_started_again() -> None:
    world, operator, vm = running(disks=[{"name": "root", "size": "1Gi"}, DATA])
    plan = operator.settle(changed(vm, disks=[DATA]))
    assert [(c.field, c.new) for c in plan.pending] == [("disks[root]", "removed")]
    assert world.domain and world.domain.live and world.domain.config
    assert [disk.name for disk in world.domain.live.disks] == ["root", "data"]
    assert [disk.name for disk in world.domain.config.disks] == ["data"]


@pytest.mark.parametrize("refused", [act.AttachDisk, act.AttachNic, act.DetachDisk, act.SetLink, act.ChangeMedium, act.LimitDisk])
def test_what_the_guest_refuses_changes_neither_guest_nor_definition(refused: type[act.Action]) -> None:
    """The simulated libvirt is asked in order; the first failure ends the plan."""
    lan, root = {"name": "lan", "network": "default"}, {"name": "root", "size": "1Gi"}
    world, operator, vm = running(disks=[root, DATA, CDROM], nics=[lan])
    edits: dict[type[act.Action], Spec] = {
        act.AttachDisk: {"disks": [root, DATA, {"name": "more", "size": "1Gi"}, CDROM]},
        act.AttachNic: {"nics": [lan, {"name": "b", "network": "default"}]},
        act.DetachDisk: {"disks": [root, CDROM]},
        act.SetLink: {"nics": [{**lan, "linkState": "Down"}]},
        act.ChangeMedium: {"disks": [root, DATA, {**CDROM, "image": IMAGE}]},
        act.LimitDisk: {"disks": [{**root, "limits": {"iops": 5}}, DATA, CDROM]},
    }
    assert world.domain
    config, live = world.domain.config, world.domain.live

    def refuse(_world: World, _vm: object, action: act.Action, *_: object) -> None:
        if isinstance(action, refused):
            raise Refused("the guest does not want to")

    operator.watch = refuse
    wanted = changed(vm, **edits[refused], probes={"readiness": {"tcpSocket": {"port": 1}}})
    with pytest.raises(Refused):
        operator.settle(wanted)
    assert (world.domain.config, world.domain.live) == (config, live)
    operator.watch = None
    plan = operator.settle(wanted)
    assert isinstance(plan.outcome, Converged) and plan.pending == () and world.starts == 1


def test_of_two_changes_the_definition_has_the_one_that_needs_no_guest() -> None:
    world, operator, vm = running(disks=[{"name": "root", "size": "1Gi"}])

    def refuse(_world: World, _vm: object, action: act.Action, *_: object) -> None:
        if isinstance(action, act.AttachDisk):
            raise Refused("no")

    operator.watch = refuse
    with pytest.raises(Refused):
        operator.settle(changed(vm, disks=[{"name": "root", "size": "1Gi"}, DATA], resources={"memory": "1Gi"}))
    assert world.domain and world.domain.config
    assert world.domain.config.memory == 2**30 and [disk.name for disk in world.domain.config.disks] == ["root"]
