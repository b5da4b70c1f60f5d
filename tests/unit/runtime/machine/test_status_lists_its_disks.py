"""A machine's status lists its own disks that are there, with the size that its guest sees."""

from __future__ import annotations

from dataclasses import replace

from homeostat.models.machine import VirtualMachine
from homeostat.planner.observed import RememberedActs
from homeostat.planner.plan import Plan
from homeostat.runtime.machine.status import machine_status
from tests.unit.machines import IMAGE, machine, running
from tests.unit.world import GIB, World

DISKS = [
    {"name": "root", "image": IMAGE},
    {"name": "data", "size": "3Gi"},
    {"name": "iso", "type": "cdrom"},
    {"name": "letters", "diskRef": {"name": "letters"}},
]


def sizes(vm: VirtualMachine, world: World) -> dict[str, int]:
    found = machine_status(vm, world.observe(vm, RememberedActs()), Plan(), {}, None, "2026-01-01T00:00:00Z")
    return {disk.name: disk.size for disk in found.disks}


def test_its_own_with_the_size_of_its_image_too() -> None:
    vm = machine(disks=DISKS)
    assert sizes(vm, World()) == {}, "none is made yet"
    world, _, vm = running(disks=DISKS[:3])
    assert sizes(vm, world) == {"root": GIB, "data": 3 * GIB}


def test_of_the_file_that_is_written_to() -> None:
    world, _, vm = running(disks=DISKS[:2])
    world.snapshot("data", "/backup/data.1")
    world.disks["/backup/data.1"] = replace(world.disks["/backup/data.1"], virtual_size=5 * GIB)
    assert sizes(vm, world)["data"] == 5 * GIB


def test_no_size_is_made_up() -> None:
    world, _, vm = running(disks=DISKS[:2])
    path = next(path for path in world.disks if path.endswith("data.qcow2"))
    world.disks[path] = replace(world.disks[path], virtual_size=0)
    assert sizes(vm, world) == {"root": GIB}
