"""With stateful, the data disk of an index outlives the machine that is replaced."""

from __future__ import annotations

from tests.e2e.deployed import deploy, pages, served, wait_settled
from tests.e2e.homeostat import Homeostat, Spec
from tests.rig.guest import CMDLINE


def test_each_index_keeps_its_disk(town: Homeostat) -> None:
    assert town.image is not None
    boot = {
        "kernel": {"path": str(town.image.kernel)},
        "initramfs": {"path": str(town.image.initramfs)},
        "cmdline": f"{CMDLINE} homeostat.data=/dev/vda",
    }
    keep = "[ -e /mnt/data/owner ] || hostname > /mnt/data/owner; sync; cp /mnt/data/owner /www/owner"
    stateful: Spec = {"stateful": True, "strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}}
    disks = [{"name": "data", "size": "16Mi"}]
    deploy(town, 2, served(town, "one", keep, boot=boot, disks=disks), **stateful)
    town.start()
    wait_settled(town, 2, "one")
    assert pages(town, path="/boots") == {"web-1": "1", "web-2": "1"}
    owners = pages(town, path="/owner")
    before = {name: town.machine(name) for name in ("web-1", "web-2")}

    deploy(town, 2, served(town, "two", keep, boot=boot, disks=disks), **stateful)
    wait_settled(town, 2, "two")
    assert pages(town, path="/boots") == {"web-1": "2", "web-2": "2"}
    assert pages(town, path="/owner") == owners
    for name, machine in before.items():
        after = town.machine(name)
        assert after is not None and machine is not None
        assert after.metadata.creation_timestamp != machine.metadata.creation_timestamp, f"{name} was replaced"
