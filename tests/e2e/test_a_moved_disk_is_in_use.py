"""A Disk that others put on another file is in use while a machine has that file: it is not deleted, and its status names the
machine."""

from __future__ import annotations

from homeostat.driver.host import RESYNC
from tests.e2e.disks import disk_file, disk_status, named, remove_disk, wait_disk, wait_disk_gone, write_disk
from tests.e2e.homeostat import SOON, Homeostat, idle

NAME = "writer"


def test_it_goes_once_its_machine_has_it_no_more(homeostat: Homeostat) -> None:
    home = homeostat
    home.root.chmod(0o777)
    write_disk(home, "letters", size="8Mi")
    write_disk(home, "other", size="8Mi")
    home.write(NAME, idle(disks=[named("letters")]))
    home.start("--no-api", "--settle", "1s")
    home.wait_ready(NAME)
    home.virsh("blockcopy", NAME, "vda", str(home.root / "newest.qcow2"), "--wait", "--pivot", "--transient-job")
    home.wait_for(lambda: home.condition(NAME, "DisksMoved"), "the move is noticed", RESYNC + SOON)
    home.wait_for(lambda: disk_status(home, "letters").attached_to == NAME, "the Disk names its machine")

    home.edit(NAME, lambda spec: spec.update(disks=[]))  # the guest of an idle machine lets go of nothing
    home.wait_for(lambda: "vda" not in home.virsh("domblklist", NAME, "--inactive"), "its next start has no disk")
    remove_disk(home, "letters")
    assert NAME in wait_disk(home, "letters", status="False", reason="InUse")
    assert disk_file(home, "letters").exists()
    home.run("restart", NAME)
    wait_disk_gone(home, "letters")
