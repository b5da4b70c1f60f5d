"""QEMU, as its own user, gets through to what storage made, and nobody else can list it."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator

import libvirt
import pytest

from homeostat.driver.storage import Storage
from homeostat.driver.survey.hostview import read_host
from homeostat.planner.actions import CreateDisk, ImageRef, WriteSeed
from tests.rig.libvirtd import Libvirtd
from tests.unit.images import fetch

_DOMAIN = """
<domain type='qemu'>
  <name>storage-test</name><memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type machine='q35'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda'/></disk>
    <disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='{seed}'/><target dev='sda'/><readonly/></disk>
  </devices>
</domain>"""


@pytest.fixture
def connection(libvirtd: Libvirtd) -> Iterator[libvirt.virConnect]:
    connection = libvirt.open(libvirtd.uri)
    yield connection
    connection.close()


async def test_a_machine_starts_from_it_twice(libvirtd: Libvirtd, connection: libvirt.virConnect) -> None:
    host = await read_host(libvirtd.uri)
    assert host.qemu_user is not None
    root = libvirtd.storage / "state-of-storage-test"
    storage = Storage(root, host.qemu_user[1])
    source = libvirtd.storage / "base.qcow2"
    await asyncio.to_thread(subprocess.run, ["qemu-img", "create", "-q", "-f", "qcow2", source, "8M"], check=True)
    image = await fetch(storage, ImageRef(str(source)), root)
    folder = root / "machines" / "default" / "storage-test"
    disk, seed = str(folder / "root.qcow2"), str(folder / "seed-0.iso")
    await storage.execute(CreateDisk(disk, None, image.path, image.format, "test"))
    await storage.execute(WriteSeed(seed, (("user-data", "#cloud-config\n"),), "test"))
    domain = connection.defineXML(_DOMAIN.format(disk=disk, seed=seed))
    try:
        for _ in range(2):  # libvirt gives the files to QEMU, and back
            domain.create()
            assert domain.isActive()
            domain.destroy()
    finally:
        domain.undefine()
    found = await storage.observe([], [disk], [seed], str(folder))
    assert found.disks[disk].backing == image.path and found.seeds == {seed}
    stranger = await asyncio.to_thread(
        subprocess.run,
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "ls", root],
        capture_output=True,
        check=False,
    )
    assert b"Permission denied" in stranger.stderr
