"""A nic, a disk and a larger disk reach the guest while it runs, and a nic leaves it again."""

from __future__ import annotations

from typing import Any

from tests.e2e.homeostat import Homeostat, guest
from tests.rig.guest import BOOT_TIMEOUT, facts
from tests.rig.waiting import wait_until

MIB = 2**20


def test_the_running_guest_sees_them(town: Homeostat) -> None:
    assert town.image is not None
    town.write("flexible", guest(town.image, disks=[{"name": "data", "size": "16Mi"}]))
    town.start()
    address = town.wait_address("flexible")
    seen = wait_until(lambda: facts(address), BOOT_TIMEOUT, "the guest answers")
    assert (seen["disks"], len(seen["nics"])) == ({"vda": 16 * MIB}, 1)
    run = town.status("flexible").run

    def more(spec: dict[str, Any]) -> None:
        spec["disks"] = [{"name": "data", "size": "24Mi"}, {"name": "late", "size": "8Mi"}]
        spec["nics"].append({"name": "second", "network": "default"})

    town.edit("flexible", more)
    wait_until(lambda: facts(address)["disks"] == {"vda": 24 * MIB, "vdb": 8 * MIB}, 20, "the guest sees its disks")
    wait_until(lambda: len(facts(address)["nics"]) == 2, 20, "the guest sees its second nic")
    town.wait_ready("flexible")

    town.edit("flexible", lambda spec: spec["nics"].pop())
    wait_until(lambda: len(facts(address)["nics"]) == 1, 20, "the second nic has gone")
    town.wait_ready("flexible")
    status = town.status("flexible")
    assert (status.run, status.changes) == (run, ())
