"""kill -9 of libvirtd while QEMU writes a guest's memory into a snapshot: the next libvirtd would leave the guest paused."""

from __future__ import annotations

import pytest

from tests.e2e.homeostat import Homeostat, guest
from tests.e2e.snapshots import snapshot_of, wait_taken, write_snapshot
from tests.rig.guest import BOOT_TIMEOUT, facts

NAME = "box"


@pytest.mark.parametrize("drift", ["Correct", "Report"])
def test_the_guest_goes_on_and_the_snapshot_is_taken(town: Homeostat, drift: str) -> None:
    assert town.image is not None
    slow = {"name": "data", "size": "64Mi", "cache": "directsync"}  # so that its memory is written for a while
    town.write(NAME, guest(town.image, disks=[slow], driftPolicy=drift))
    town.start()
    address = town.wait_address(NAME)
    town.wait_ready(NAME)
    before = town.status(NAME)

    write_snapshot(town, "then", NAME, memory=True)
    town.wait_for(lambda: town.virsh("domstate", NAME, "--reason").strip() == "paused (saving)", "its memory is being saved")
    town.rig.kill9()
    found = snapshot_of(town, "then")
    assert found is not None and (found.status is None or found.status.taken_at is None), "it was killed too late"
    town.rig.start()

    town.wait_for(lambda: town.state_of(NAME) == "running", "the guest goes on", BOOT_TIMEOUT)
    assert wait_taken(town, "then", BOOT_TIMEOUT).consistency == "Memory"
    town.wait_ready(NAME)
    town.wait_for(lambda: facts(address)["uptime"] > 0, "it answers", BOOT_TIMEOUT)
    assert town.status(NAME).run == before.run and town.count(NAME, "Stopped") == 0
