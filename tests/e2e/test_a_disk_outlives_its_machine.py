"""What a guest writes to a Disk survives the machine and is there for the next one. The Disk grows under the running guest."""

from __future__ import annotations

from tests.e2e.disks import disk_file, disk_status, named, remove_disk, wait_disk, wait_disk_gone, write_disk
from tests.e2e.homeostat import Homeostat, guest, idle
from tests.rig.guest import BOOT_TIMEOUT, facts, fetch

MIB = 2**20
ON_THE_DISK = "homeostat.data=/dev/vda"


def test_the_next_machine_has_the_data(town: Homeostat) -> None:
    image = town.image
    assert image is not None
    town.write("stay", idle(suspend=True))  # a folder that becomes empty would delete nothing
    write_disk(town, "notes", size="16Mi")
    town.write("first", guest(image, ON_THE_DISK, disks=[named("notes", serial="NOTES")]))
    town.start()
    address = town.wait_address("first")
    town.wait_for(lambda: fetch(address, "/boots"), "the guest answers", BOOT_TIMEOUT)
    assert fetch(address, "/boots").strip() == "1"
    town.wait_for(lambda: disk_status(town, "notes").attached_to == "first", "the Disk says who has it")

    run = town.status("first").run
    write_disk(town, "notes", size="24Mi")
    town.wait_for(lambda: facts(address)["disks"] == {"vda": 24 * MIB}, "the guest sees the growth")
    wait_disk(town, "notes")
    assert (town.status("first").run, disk_status(town, "notes").virtual_size) == (run, 24 * MIB)

    remove_disk(town, "notes")
    town.wait_for(lambda: "first" in wait_disk(town, "notes", status="False", reason="InUse"), "its deletion waits")
    assert town.state_of("first") == "running" and disk_file(town, "notes").exists()

    town.remove("first")
    wait_disk_gone(town, "notes")
    assert not disk_file(town, "notes").exists()
    (label,) = (town.state / "trash").glob("*/label.json")
    assert '"name": "notes"' in label.read_text()

    write_disk(town, "notes", size="24Mi")
    town.write("second", guest(image, ON_THE_DISK, disks=[named("notes")]))
    address = town.wait_address("second")
    town.wait_for(lambda: fetch(address, "/boots"), "the guest answers", BOOT_TIMEOUT)
    assert fetch(address, "/boots").strip() == "2"
    assert not label.exists()
