"""A machine whose disk lies on a file system that is soon full."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from homeostat.driver.host import LibvirtHost
from homeostat.driver.storage.disks.tags import read_tags
from homeostat.planner import actions as act
from homeostat.planner.domain import DiskConfig, DomainConfig
from tests.libvirt.qemu_machines import machine, qemu_host, running
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd

MIB = 2**20


def called(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def small_site(libvirtd: Libvirtd, tmp_path: Path) -> Iterator[Path]:
    """A state folder whose machines' files lie on a file system of 64 MiB; libvirt's daemons have mounts of their own."""
    libvirtd.start()
    root, file = libvirtd.storage / f"small-{uuid4().hex[:8]}", tmp_path / "small.img"
    where = root / "machines"
    where.mkdir(parents=True)
    with file.open("wb") as made:
        made.truncate(64 * MIB)
    called("mkfs.ext4", "-q", "-O", "^has_journal", "-m", "0", file)
    loop = subprocess.run(["losetup", "--find", "--show", file], capture_output=True, text=True, check=False)
    if loop.returncode:
        pytest.skip(f"cannot mount a small file system: {loop.stderr.strip()}")
    pids = [(libvirtd.directory / f"{daemon}.pid").read_text().strip() for daemon in ("libvirtd", "virtlogd")]
    places: list[list[str]] = [[], *(["nsenter", f"--mount=/proc/{pid}/ns/mnt", f"--root=/proc/{pid}/root"] for pid in pids)]
    try:
        for place in places:
            called(*place, "mount", loop.stdout.strip(), where)
        yield root
    finally:
        for place in places:
            subprocess.run([*place, "umount", "-l", str(where)], check=False, capture_output=True)
        called("losetup", "--detach", loop.stdout.strip())


class Cramped:
    """A machine that runs, whose disk is on the small file system."""

    def __init__(self, host: LibvirtHost, site: Path, config: DomainConfig) -> None:
        self.host, self.config = host, config
        self.path, self.rest = Path(str(config.disks[0].source)), site / "machines" / "rest"

    async def take(self, tag: str, memory: bool = True) -> None:
        disks, c = (("data", str(self.path)),), self.config
        await self.host.execute(act.TakeSnapshot("s-1", c.uuid, tag, "u", c.name, disks, True, memory, "Never", False, ""))

    def leave(self, size: int) -> None:
        """Takes the space until no more is left than that."""
        free = int(called("df", "--output=avail", "--block-size=1", self.path).split()[-1])
        called("fallocate", "--length", str(free - size), self.rest)

    def fill(self) -> None:
        """Takes all of the space."""
        self.leave(MIB // 2)
        with self.rest.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(1024))

    def tags(self) -> list[str]:
        return [found.tag for found in read_tags(str(self.path)) or ()]

    def runs_on(self) -> bool:
        found = self.host.domain(self.config.uuid)
        return found is not None and found.state.value == "running" and found.live is not None


@pytest.fixture
async def cramped(small_site: Path, libvirtd: Libvirtd, guest_image: GuestImage) -> AsyncIterator[Cramped]:
    path = small_site / "machines" / "default" / "box" / "data.qcow2"
    path.parent.mkdir(parents=True)
    called("qemu-img", "create", "-q", "-f", "qcow2", path, "4M")
    path.chmod(0o666)
    plain = machine(libvirtd, guest_image)
    config = replace(
        plain, memory=32 * MIB, kernel=None, nics=(), disks=(DiskConfig("data", "disk", str(path), "qcow2", "virtio", "vda"),)
    )
    async with qemu_host(libvirtd, small_site) as host:
        yield Cramped(host, small_site, await running(host, config))
