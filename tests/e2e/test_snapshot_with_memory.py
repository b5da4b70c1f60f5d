"""A snapshot with memory brings the guest itself back: what counts in it goes on from where it was."""

from __future__ import annotations

from tests.e2e.homeostat import Homeostat, guest, idle
from tests.e2e.snapshots import tags, wait_stalled, wait_taken, write_snapshot
from tests.rig.guest import BOOT_TIMEOUT, facts, fetch

NAME = "box"


def booted(town: Homeostat, address: str, times: int) -> None:
    town.wait_for(lambda: fetch(address, "/boots").strip() == str(times), f"{NAME} has booted {times} times", BOOT_TIMEOUT)


def test_the_guest_goes_on_where_it_was(town: Homeostat) -> None:
    assert town.image is not None
    town.write(NAME, guest(town.image, "homeostat.data=/dev/vda", disks=[{"name": "data", "size": "64Mi"}]))
    town.start()
    address = town.wait_address(NAME)
    booted(town, address, 1)
    write_snapshot(town, "then", NAME, memory=True)
    status = wait_taken(town, "then", BOOT_TIMEOUT)
    assert status.consistency == "Memory" and status.size and status.size > 2**24
    taken_at = facts(address)["uptime"]
    assert town.run("restart", NAME).returncode == 0
    booted(town, address, 2)

    town.edit(NAME, lambda spec: spec.update(restoreFrom={"snapshot": "then", "token": "1"}))
    town.wait_for(lambda: town.status(NAME).restored == "1", "it is restored", BOOT_TIMEOUT)
    booted(town, address, 1)
    town.wait_for(lambda: facts(address)["uptime"] > taken_at, "its clock goes on", BOOT_TIMEOUT)
    assert town.console(NAME).count("homeostat-guest: boot ") == 2  # and was not booted for that
    town.wait_ready(NAME)

    (town.folder / "then.yaml").unlink()
    town.wait_for(lambda: not tags(town, NAME, "data"), "its data is gone")
    town.wait_for(lambda: not town.virsh("snapshot-list", NAME, "--name").split(), "libvirt has forgotten it")
    booted(town, address, 1)


def test_it_is_refused_where_there_is_no_memory_to_take(homeostat: Homeostat) -> None:
    disks = [{"name": "data", "size": "1Mi"}]
    homeostat.write(NAME, idle(runStrategy="Halted", disks=disks))
    homeostat.write("modern", idle(firmware={"type": "UEFI"}, resources={"memory": "64Mi"}, disks=disks))
    homeostat.start()
    homeostat.wait_ready(NAME, "modern")
    write_snapshot(homeostat, "off", NAME, memory=True)
    write_snapshot(homeostat, "flash", "modern", memory=True)
    write_snapshot(homeostat, "disks", "modern")
    assert "is off" in wait_stalled(homeostat, "off", "MachineOff")
    assert "UEFI" in wait_stalled(homeostat, "flash", "MemoryUnsupported")
    wait_taken(homeostat, "disks")
    homeostat.edit(NAME, lambda spec: spec.update(runStrategy="Always"))
    assert wait_taken(homeostat, "off").consistency == "Memory"
    homeostat.edit("modern", lambda spec: spec.update(restoreFrom={"snapshot": "disks", "token": "1"}))
    homeostat.wait_for(lambda: homeostat.status("modern").restored == "1", "it is restored")
    homeostat.wait_ready("modern")
