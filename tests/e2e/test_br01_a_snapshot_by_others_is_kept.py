"""A backup tool's snapshot puts the disk on an overlay: what is written after it is never lost, and the way back is told.

The guest counts its boots on its data disk.
"""

from __future__ import annotations

from tests.e2e.homeostat import Homeostat, guest
from tests.rig.guest import BOOT_TIMEOUT, fetch

NAME = "box"


def boots(home: Homeostat, address: str) -> int:
    return int(home.wait_for(lambda: fetch(address, "/boots").strip(), f"{NAME} answers", BOOT_TIMEOUT))


def booted(home: Homeostat, address: str, times: int) -> None:
    home.wait_for(lambda: fetch(address, "/boots").strip() == str(times), f"{NAME} has booted {times} times", BOOT_TIMEOUT)


def source(home: Homeostat, *options: str) -> str:
    lines = home.virsh("domblklist", NAME, *options).splitlines()
    return next(line.split()[1] for line in lines if line.strip().startswith("vda")).rpartition("/")[2]


def test_br01_restarts_and_crashes_go_on_with_the_overlay_until_it_is_committed(town: Homeostat) -> None:
    assert town.image is not None
    disks = [{"name": "data", "size": "64Mi"}]
    town.write(NAME, guest(town.image, "homeostat.data=/dev/vda", disks=disks))
    town.start()
    address = town.wait_address(NAME)
    assert boots(town, address) == 1

    town.virsh("snapshot-create-as", NAME, "bak", "--disk-only", "--atomic", "--no-metadata")
    assert source(town) == "data.bak"
    town.virsh("reset", NAME)
    booted(town, address, 2)
    town.edit(NAME, lambda spec: spec.update(resources={"memory": "144Mi"}))  # defined anew before anybody told of the snapshot
    town.wait_for(lambda: "147456" in town.virsh("dumpxml", "--inactive", NAME), "the change is defined")
    assert source(town, "--inactive") == "data.bak"
    told = town.wait_condition(NAME, "DisksMoved").message
    own = town.state / "machines/default" / NAME / "data.qcow2"
    assert f"virsh blockcommit box vda --base {own} --active --pivot" in told
    town.wait_ready(NAME)

    town.run("restart", NAME)
    booted(town, address, 3)
    assert source(town) == source(town, "--inactive") == "data.bak"
    assert town.count(NAME, "DisksMoved") == 1

    town.virsh("blockcommit", NAME, "vda", "--base", str(own), "--active", "--pivot", "--wait")
    assert source(town) == "data.qcow2"
    town.wait_for(lambda: town.condition(NAME, "DisksMoved") is None, "all is well again by itself")
    assert source(town, "--inactive") == "data.qcow2"
    town.virsh("destroy", NAME)
    booted(town, address, 4)
