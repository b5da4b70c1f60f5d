"""A Disk that others put on another file, which holds the newest data: no copy is made of its own file of before."""

from __future__ import annotations

from homeostat.driver.host import RESYNC
from tests.e2e.disks import disk_file, named, wait_disk, write_disk
from tests.e2e.homeostat import SOON, Homeostat, idle

NAME = "writer"


def test_its_copy_waits_until_it_is_back(homeostat: Homeostat) -> None:
    home = homeostat
    newest = home.root / "newest.qcow2"
    home.root.chmod(0o777)
    write_disk(home, "letters", size="8Mi")
    home.write(NAME, idle(disks=[named("letters")]))
    home.start("--no-api", "--settle", "1s")
    home.wait_ready(NAME)
    home.virsh("blockcopy", NAME, "vda", str(newest), "--wait", "--pivot", "--transient-job")
    home.wait_for(lambda: home.condition(NAME, "DisksMoved"), "the move is noticed", RESYNC + SOON)
    home.edit(NAME, lambda spec: spec.update(runStrategy="Halted"))
    home.wait_for(lambda: home.status(NAME).state == "Stopped", "it is off")

    write_disk(home, "copy", source={"diskRef": {"name": "letters"}})
    assert str(newest) in wait_disk(home, "copy", status="False", reason="SourceInUse")
    home.edit(NAME, lambda spec: spec.update(disks=[]))
    home.wait_for(lambda: "vda" not in home.virsh("domblklist", NAME), "no domain has the Disk")
    assert str(newest) in wait_disk(home, "copy", status="False", reason="SourceInUse")
    assert not disk_file(home, "copy").exists()
