"""A disk that others put on another file leaves the spec of its machine: back in the spec, the machine has that file, which holds
the newest data, and not our own of before."""

from __future__ import annotations

from homeostat.driver.host import RESYNC
from tests.e2e.homeostat import SOON, Homeostat, idle

NAME = "copied"
FIRST, SECOND = {"name": "first", "size": "8Mi"}, {"name": "second", "size": "8Mi"}


def test_it_goes_on_with_the_newest_data(homeostat: Homeostat) -> None:
    home = homeostat
    copy = home.root / "copy.qcow2"
    home.root.chmod(0o777)
    home.write(NAME, idle(disks=[FIRST, SECOND]))
    home.start("--no-api", "--settle", "1s")
    home.wait_ready(NAME)
    home.virsh("blockcopy", NAME, "vdb", str(copy), "--wait", "--pivot", "--transient-job")
    home.wait_for(lambda: home.condition(NAME, "DisksMoved"), "the copy is noticed", RESYNC + SOON)
    home.edit(NAME, lambda spec: spec.update(runStrategy="Halted"))
    home.wait_for(lambda: home.status(NAME).state == "Stopped", "it is off")

    home.edit(NAME, lambda spec: spec.update(disks=[FIRST]))
    home.wait_for(lambda: not home.disk(NAME, "second").exists(), "our own file is set aside")
    assert copy.exists()

    home.edit(NAME, lambda spec: spec.update(disks=[FIRST, SECOND], runStrategy="Always"))
    home.wait_for(lambda: home.state_of(NAME) == "running", "it runs")
    assert str(copy) in home.virsh("domblklist", NAME)
    assert str(copy) in home.wait_condition(NAME, "DisksMoved").message
