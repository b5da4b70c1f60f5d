"""What a guest writes lasts over restarts: on a blank disk, and on an overlay whose base stays as it is.

The restart is one that updatePolicy Immediate makes for a change of memory: in order, without cutting power.
"""

from __future__ import annotations

import hashlib

from tests.e2e.homeostat import Homeostat, guest
from tests.e2e.watching import LibvirtEvents
from tests.rig.guest import BOOT_TIMEOUT, facts, fetch
from tests.unit.images import blob


def test_a_restart_in_order_keeps_both_disks(town: Homeostat) -> None:
    image = town.image
    assert image is not None
    tools = town.root / "tools.iso"
    tools.write_bytes(blob(2**20))
    base = hashlib.sha256(image.base.read_bytes()).hexdigest()
    spec = guest(
        image,
        "homeostat.root=/dev/vda homeostat.data=/dev/vdb",
        updatePolicy="Immediate",
        disks=[
            {"name": "root", "image": {"path": str(image.base)}},
            {"name": "data", "size": "16Mi"},
            {"name": "tools", "type": "cdrom", "bus": "scsi", "image": {"path": str(tools)}},
        ],
    )
    town.write("notes", spec)
    town.start()
    address = town.wait_address("notes")
    town.wait_for(lambda: fetch(address), "the guest answers", BOOT_TIMEOUT)
    assert (fetch(address, "/boots").strip(), fetch(address, "/root-boots").strip()) == ("1", "1")
    before = facts(address)
    assert before["disks"] | {"sr0": 2**20} == before["disks"], "the drive has its medium"

    with LibvirtEvents(town.rig) as told:
        town.edit("notes", lambda spec: spec.update(resources={"memory": "160Mi"}))
        town.wait_for(lambda: fetch(address, "/boots").strip() == "2", "it has booted again", BOOT_TIMEOUT)
    assert fetch(address, "/root-boots").strip() == "2"
    assert facts(address)["memoryKiB"] > before["memoryKiB"] + 24 * 1024
    assert not any("Destroyed" in line for line in told.of("notes")), told.of("notes")
    assert town.count("notes", "PoweredOff") == 0
    town.wait_ready("notes")
    assert town.status("notes").changes == ()
    assert hashlib.sha256(image.base.read_bytes()).hexdigest() == base
    cached = [path for path in (town.state / "images").iterdir() if path.stat().st_size == image.base.stat().st_size]
    assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in cached] == [base]
