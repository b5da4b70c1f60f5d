"""kill -9 of the operator before and after a Disk grows under a machine that runs: that runs on, and the growth is completed."""

from __future__ import annotations

import pytest

from tests.e2e.disks import disk_status, named, wait_disk, write_disk
from tests.e2e.homeostat import Homeostat, idle

MIB = 2**20


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("format", ["qcow2", "raw"])
def test_the_next_operator_ends_it(homeostat: Homeostat, moment: str, format: str) -> None:
    write_disk(homeostat, "data", size="2Mi", format=format)
    homeostat.write("web", idle(disks=[named("data")]))
    homeostat.start(prefix=["env", f"HOMEOSTAT_FAULT={moment}:GrowDisk:1"])
    homeostat.wait_ready("web")
    wait_disk(homeostat, "data")
    pid = homeostat.qemu_pid("web")
    write_disk(homeostat, "data", size="4Mi", format=format)
    homeostat.wait_killed()
    homeostat.start()
    wait_disk(homeostat, "data")
    assert disk_status(homeostat, "data").virtual_size == 4 * MIB
    capacity = next(line for line in homeostat.virsh("domblkinfo", "web", "vda").splitlines() if line.startswith("Capacity"))
    assert int(capacity.split()[-1]) == 4 * MIB
    assert homeostat.qemu_pid("web") == pid
