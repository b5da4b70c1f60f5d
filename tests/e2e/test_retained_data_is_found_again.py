"""A machine is deleted in order (nobody cuts its power), keeps its disk by Retain, and finds its data when it is made again."""

from __future__ import annotations

from tests.e2e.homeostat import Homeostat, guest, idle
from tests.e2e.watching import LibvirtEvents
from tests.rig.guest import BOOT_TIMEOUT, fetch
from tests.rig.waiting import wait_until


def test_a_machine_made_again_finds_its_data(town: Homeostat) -> None:
    assert town.image is not None
    disk = {"name": "data", "size": "16Mi", "reclaimPolicy": "Retain"}
    spec = guest(town.image, "homeostat.data=/dev/vda", disks=[disk])
    town.write("stay", idle(suspend=True))
    town.write("phoenix", spec)
    town.start()
    address = town.wait_address("phoenix")
    wait_until(lambda: fetch(address, "/boots").strip() == "1", BOOT_TIMEOUT, "the guest has booted once")

    with LibvirtEvents(town.rig) as told:
        town.remove("phoenix")
        town.wait_gone("phoenix", timeout=60)
    assert "Shutdown Finished after guest request" in told.of("phoenix") or "Stopped Shutdown" in told.of("phoenix")
    assert not any("Destroyed" in line for line in told.of("phoenix")), told.of("phoenix")
    assert town.disk("phoenix", "data").exists()

    town.write("phoenix", spec)
    address = town.wait_address("phoenix")
    wait_until(lambda: fetch(address, "/boots").strip() == "2", BOOT_TIMEOUT, "it finds what it had written")
