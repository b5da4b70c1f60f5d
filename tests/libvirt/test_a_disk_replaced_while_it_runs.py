"""A file that was put into the place of a running machine's disk, such as from a backup: QEMU writes on to the former one. So
nothing is grown, and no snapshot is taken, as if it were the one at the path."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from homeostat.driver.domains.open_files import check_open
from homeostat.driver.errors import DiskReplaced
from homeostat.driver.host import LibvirtHost
from homeostat.driver.storage.disks.tags import read_tags
from homeostat.planner import actions as act
from homeostat.planner.domain import DomainConfig
from homeostat.planner.observed import ObservedDomain
from tests.libvirt.qemu_machines import machine, qemu_host, running
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd

MIB = 2**20


@pytest.fixture
async def host(libvirtd: Libvirtd) -> AsyncIterator[LibvirtHost]:
    async with qemu_host(libvirtd, libvirtd.storage / f"site-{uuid4().hex[:8]}") as host:
        yield host


@pytest.fixture
async def box(host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage) -> DomainConfig:
    """A machine that runs with a disk of the state folder's."""
    plain = machine(libvirtd, guest_image)
    folder = Path(host.facts.storage_root, "machines", "default", "box")
    folder.mkdir(parents=True)
    path = shutil.move(str(plain.disks[0].source), folder / "root.qcow2")
    return await running(host, replace(plain, disks=(replace(plain.disks[0], source=str(path)), *plain.disks[1:])))


def path_of(box: DomainConfig) -> str:
    path = box.disks[0].source
    assert path is not None
    return path


def changes(box: DomainConfig) -> list[act.Action]:
    disks = (("root", path_of(box)),)
    return [
        act.GrowDisk(box.uuid, path_of(box), 32 * MIB, "vda", ""),
        act.TakeSnapshot("s-1", box.uuid, "t", "u", box.name, disks, True, False, "Never", False, ""),
        act.TakeSnapshot("s-2", box.uuid, "m", "u", box.name, disks, True, True, "Never", False, ""),
    ]


def known(host: LibvirtHost, box: DomainConfig) -> ObservedDomain:
    found = host.domain(box.uuid)
    assert found is not None
    return found


async def test_nothing_is_done_to_the_former_one(host: LibvirtHost, box: DomainConfig) -> None:
    path = path_of(box)
    shutil.copy2(path, f"{path}.new")
    os.replace(f"{path}.new", path)
    for change in changes(box):
        with pytest.raises(DiskReplaced, match=f"{path} was replaced while machine {box.name} runs: .* the former file"):
            await host.execute(change)
    assert read_tags(path) == ()


async def test_that_which_it_has_open_is_changed(host: LibvirtHost, box: DomainConfig) -> None:
    for change in changes(box):
        await host.execute(change)
    assert [tag.tag for tag in read_tags(path_of(box)) or ()] == ["t", "m"]


async def test_where_it_cannot_be_known_nothing_is_refused(host: LibvirtHost, box: DomainConfig) -> None:
    path, other = path_of(box), str(Path(__file__))
    check_open(known(host, box), [path])
    check_open(known(host, box), [f"{path}.gone"])
    with pytest.raises(DiskReplaced):
        check_open(known(host, box), [path, other])
    check_open(replace(known(host, box), pid=None), [other])
    check_open(replace(known(host, box), pid=2**22 + 1), [other])
