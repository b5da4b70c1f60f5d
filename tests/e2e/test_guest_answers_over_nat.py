"""A machine in a file boots on real QEMU and answers HTTP on the address its status tells; cloud-init's script has run in it."""

from __future__ import annotations

from tests.e2e.homeostat import Homeostat, guest
from tests.rig.guest import BOOT_TIMEOUT, facts, fetch
from tests.rig.waiting import wait_until


def test_the_status_leads_to_the_guest(town: Homeostat) -> None:
    assert town.image is not None
    cdrom = {"name": "tools", "type": "cdrom", "bus": "scsi"}
    user_data = '#!/bin/sh\necho "hello from user-data on $(hostname)" > /www/hello\n'
    town.write("web", guest(town.image, disks=[cdrom], cloudInit={"userData": user_data}, machine={"type": "pc"}))
    town.start()
    address = town.wait_address("web")
    wait_until(lambda: fetch(address), BOOT_TIMEOUT, "the guest answers")
    assert fetch(address, "/hello") == "hello from user-data on web\n"
    assert facts(address)["memoryKiB"] > 64 * 1024
