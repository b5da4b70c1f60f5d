"""A Disk is attached to a running guest, detached from it, and attached to the next one. No two have it at once."""

from __future__ import annotations

from tests.e2e.disks import disk_file, disk_status, named, wait_disk, write_disk
from tests.e2e.homeostat import Homeostat, guest
from tests.rig.guest import BOOT_TIMEOUT, facts, fetch

MIB = 2**20


def test_one_guest_after_the_other(town: Homeostat) -> None:
    image = town.image
    assert image is not None
    write_disk(town, "shared", size="16Mi", format="raw")
    town.write("left", guest(image))
    town.write("right", guest(image))
    town.start()
    addresses = {name: town.wait_address(name) for name in ("left", "right")}
    for address in addresses.values():
        town.wait_for(lambda address=address: fetch(address), "the guest answers", BOOT_TIMEOUT)  # type: ignore[misc]
    runs = {name: town.status(name).run for name in addresses}
    wait_disk(town, "shared")

    town.edit("left", lambda spec: spec.update(disks=[named("shared")]))
    town.wait_for(lambda: facts(addresses["left"])["disks"] == {"vda": 16 * MIB}, "the guest has it")
    town.wait_for(lambda: disk_status(town, "shared").attached_to == "left", "the Disk says who has it")

    town.edit("right", lambda spec: spec.update(disks=[named("shared")]))
    said = town.wait_condition("right", "Ready", "DiskTaken", status="False")
    assert "Disk shared is taken by machine left" in said.message
    assert facts(addresses["right"])["disks"] == {}

    town.edit("left", lambda spec: spec.update(disks=[]))
    town.wait_for(lambda: facts(addresses["left"])["disks"] == {}, "the first guest has let go of it")
    town.wait_for(lambda: facts(addresses["right"])["disks"] == {"vda": 16 * MIB}, "the second guest has it")
    town.wait_ready("left", "right")
    town.wait_for(lambda: disk_status(town, "shared").attached_to == "right", "the Disk says who has it")
    assert disk_file(town, "shared").exists() and {name: town.status(name).run for name in addresses} == runs
