"""On real QEMU: base images stay root's while machines read them, and a header that others wrote gives nothing away."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from homeostat.driver.errors import HeaderAltered
from homeostat.driver.host import LibvirtHost
from homeostat.planner import actions as act
from homeostat.planner.domain import BackingFile, DiskConfig, DomainConfig, KernelBoot
from tests.libvirt.qemu_machines import machine, qemu_host, running
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd


@pytest.fixture
async def host(libvirtd: Libvirtd) -> AsyncIterator[LibvirtHost]:
    async with qemu_host(libvirtd) as host:
        yield host


@pytest.fixture
def folder(libvirtd: Libvirtd) -> Path:
    folder = libvirtd.storage / f"images-{uuid4().hex[:8]}"
    folder.mkdir(mode=0o711)
    folder.chmod(0o711)
    return folder


def base(folder: Path, name: str) -> Path:
    path = folder / name
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "8M"], check=True)
    path.chmod(0o444)
    return path


def overlay(folder: Path, name: str, image: Path, target: str) -> DiskConfig:
    path = folder / f"{name}.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", image, "-F", "qcow2", path], check=True)
    chain = (BackingFile(str(image), "qcow2"),)
    return DiskConfig(name, "disk", str(path), "qcow2", "virtio", target, chain=chain, shared=True)


def drive(image: Path) -> DiskConfig:
    return DiskConfig("cd", "cdrom", str(image), "raw", "sata", "sda", read_only=True, shared=True)


def owner(path: Path) -> int:
    return os.stat(path).st_uid


def off(config: DomainConfig) -> DomainConfig:
    return replace(config, nics=(), vnc=None, guest_agent=False)


async def test_security_2_no_base_image_is_given_away(
    host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage, folder: Path
) -> None:
    assert host.facts.relabels
    images = [base(folder, name) for name in ("root.img", "more.img", "cd.img", "other.img")]
    root, more = overlay(folder, "root", images[0], "vda"), overlay(folder, "more", images[1], "vdb")
    boots = [folder / "kernel.img", folder / "initramfs.img"]
    for boot, source in zip(boots, (guest_image.kernel, guest_image.initramfs), strict=True):
        for copy in (boot, boot.with_name(f"boot-{boot.name}")):
            shutil.copyfile(source, copy)
            copy.chmod(0o444)
    images += boots
    config = off(replace(machine(libvirtd, guest_image), disks=(root, drive(images[2]))))
    config = await running(host, replace(config, kernel=KernelBoot(str(boots[0]), str(boots[1]), "quiet", str(folder))))
    await host.execute(act.AttachDisk(config.uuid, more, "test"))
    await host.execute(act.ChangeMedium(config.uuid, drive(images[3]), "test"))
    assert [owner(image) for image in images] == [0] * 6
    own = (folder / "root.qcow2", folder / "boot-kernel.img")
    assert all(owner(path) != 0 for path in own), "its own files are QEMU's"
    domain = host.domain(config.uuid)
    assert domain is not None and domain.config is not None
    assert (domain.config.disks[0].chain, domain.config.disks[0].shared) == (root.chain, True)
    await host.execute(act.PowerOffDomain(config.uuid, "test"))
    await host.execute(act.StartDomain(config.uuid, False, "test"))
    assert [owner(image) for image in images] == [0] * 6


async def test_security_3_a_header_names_what_is_not_ours(
    host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage, folder: Path
) -> None:
    image, secret = base(folder, "root.img"), folder / "secret"
    secret.write_text("of root")
    secret.chmod(0o600)
    root, more = overlay(folder, "root", image, "vda"), overlay(folder, "more", image, "vdb")
    blank = replace(overlay(folder, "blank", image, "vdb"), chain=(), shared=False)
    config = off(replace(machine(libvirtd, guest_image), disks=(root, replace(drive(image), source=None, shared=False))))
    await host.execute(act.DefineDomain(config, ""))
    subprocess.run(["qemu-img", "rebase", "-u", "-b", secret, "-F", "raw", f"{folder}/root.qcow2"], check=True)
    with pytest.raises(HeaderAltered, match="secret"):
        await host.execute(act.StartDomain(config.uuid, False, "test"))
    subprocess.run(["qemu-img", "rebase", "-u", "-b", image, "-F", "qcow2", f"{folder}/root.qcow2"], check=True)
    await host.execute(act.StartDomain(config.uuid, False, "test"))
    subprocess.run(["qemu-img", "rebase", "-u", "-b", secret, "-F", "raw", f"{folder}/more.qcow2"], check=True)
    for disk in (more, blank):
        with pytest.raises(HeaderAltered):
            await host.execute(act.AttachDisk(config.uuid, disk, "test"))
    assert owner(secret) == 0


def test_libvirt_itself_follows_no_header_where_the_definition_names_the_chain(libvirtd: Libvirtd, folder: Path) -> None:
    """The last line: what was looked at just before may be another file by then."""
    image, secret = base(folder, "root.img"), folder / "secret"
    secret.write_bytes(bytes(2**20))
    secret.chmod(0o600)
    disk = overlay(folder, "root", image, "vda").source
    subprocess.run(["qemu-img", "rebase", "-u", "-b", secret, "-F", "raw", str(disk)], check=True)
    label = "<seclabel model='dac' relabel='no'/>"
    chain = (
        f"<backingStore type='file'><format type='qcow2'/><source file='{image}'>{label}</source><backingStore/></backingStore>"
    )
    name = f"h-{uuid4().hex[:8]}"
    (folder / "domain.xml").write_text(
        f"<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory><os><type>hvm</type></os><devices>"
        f"<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{disk}'/>{chain}"
        "<target dev='vda' bus='virtio'/></disk></devices></domain>"
    )
    libvirtd.virsh("create", str(folder / "domain.xml"))
    try:
        assert owner(secret) == owner(image) == 0
    finally:
        libvirtd.virsh("destroy", name)
