"""An operator with another state folder than the one before it: it makes no empty disk in place of the machine's own."""

from __future__ import annotations

from dataclasses import replace

from homeostat.planner.machine.storage.storage import storage_needs
from homeostat.planner.plan import Stalled
from tests.unit.machines import machine, running

DISK = {"name": "root", "size": "1Gi"}


def test_it_says_where_the_disk_is_and_changes_nothing() -> None:
    world, operator, vm = running(disks=[DISK])
    world.host = replace(world.host, storage_root="/other")
    world.disks.clear()

    plan = operator.plan(vm)

    assert plan.actions == ()
    assert isinstance(plan.outcome, Stalled)
    assert plan.outcome.reason == "OtherStateFolder"
    assert "the domain uses /state/machines/default/web/root.qcow2" in plan.outcome.message
    assert "--state /state" in plan.outcome.message


def test_a_folder_that_was_moved_is_taken_as_it_is() -> None:
    world, operator, vm = running(disks=[DISK])
    world.host = replace(world.host, storage_root="/other")
    world.disks = {path.replace("/state/", "/other/"): disk for path, disk in world.disks.items()}

    assert not isinstance(operator.plan(vm).outcome, Stalled)


def test_a_disk_that_is_lost_where_it_was_is_made_anew() -> None:
    world, operator, vm = running(disks=[DISK])
    world.disks.clear()
    assert not (isinstance(operator.plan(vm).outcome, Stalled) and operator.plan(vm).outcome.reason == "OtherStateFolder")


def test_one_that_is_there_hides_no_other_that_is_not() -> None:
    world, operator, vm = running(disks=[DISK, {"name": "data", "size": "1Gi"}])
    world.host = replace(world.host, storage_root="/other")
    world.disks = {p.replace("/state/", "/other/"): disk for p, disk in world.disks.items() if p.endswith("/root.qcow2")}
    plan = operator.plan(vm)
    assert plan.outcome.reason == "OtherStateFolder" and "disks[data]" in plan.outcome.message


def test_drives_are_not_looked_for_among_the_disks() -> None:
    iso = {"name": "iso", "type": "cdrom"}
    assert storage_needs(machine(disks=[DISK, iso]), "/state").disks == ("/state/machines/default/web/root.qcow2",)
