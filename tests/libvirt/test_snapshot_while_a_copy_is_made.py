"""No snapshot is taken of a disk while a copy of it is made: it is said that it waits for that, and it is taken afterwards."""

from __future__ import annotations

import json
from typing import Any

import libvirt
import libvirt_qemu
import pytest

from homeostat.driver.errors import ResourceInUse
from tests.libvirt.cramped import MIB, Cramped
from tests.rig.libvirtd import Libvirtd
from tests.rig.waiting import wait_until


def ask(libvirtd: Libvirtd, uuid: str, execute: str, **arguments: Any) -> Any:
    connection = libvirt.open(libvirtd.uri)
    try:
        domain = connection.lookupByUUIDString(uuid)
        said = libvirt_qemu.qemuMonitorCommand(domain, json.dumps({"execute": execute, "arguments": arguments}), 0)
        return json.loads(said)["return"]
    finally:
        connection.close()


async def test_it_waits_for_the_copy(cramped: Cramped, libvirtd: Libvirtd) -> None:
    uuid, target = cramped.config.uuid, cramped.path.with_name("copy.img")
    with target.open("wb") as copy:
        copy.truncate(4 * MIB)
    target.chmod(0o666)
    (block,) = ask(libvirtd, uuid, "query-block")
    slow = {"job-id": "copy", "device": block["inserted"]["node-name"], "sync": "full", "speed": 1}
    ask(libvirtd, uuid, "drive-backup", **slow, target=str(target), format="raw", mode="existing")
    with pytest.raises(ResourceInUse, match="a copy of one of its disks is being made"):
        await cramped.take("then", memory=False)
    assert cramped.tags() == [] and cramped.runs_on()
    ask(libvirtd, uuid, "block-job-cancel", device="copy")
    wait_until(lambda: not ask(libvirtd, uuid, "query-jobs"), 30, "the copy has ended")
    await cramped.take("then", memory=False)
    assert cramped.tags() == ["then"] and cramped.runs_on()
