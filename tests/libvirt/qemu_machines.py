"""Machines on real QEMU, defined and started by the host itself, without an operator."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from homeostat.driver.host import LibvirtHost
from homeostat.driver.storage import Storage
from homeostat.planner import actions as act
from homeostat.planner.domain import CpuConfig, DiskConfig, DomainConfig, DomainType, KernelBoot, NicConfig, Record, VncConfig
from tests.libvirt.hosts import until
from tests.rig.guest import CMDLINE, READY, GuestImage
from tests.rig.libvirtd import Libvirtd


@asynccontextmanager
async def qemu_host(libvirtd: Libvirtd, site: Path | None = None) -> AsyncIterator[LibvirtHost]:
    """Takes its machines away in the end. ``site``: its state folder. None: it keeps no files."""
    libvirtd.start()
    storage = Storage(site, None) if site is not None else None
    async with LibvirtHost(libvirtd.uri, storage=storage, storage_root=str(site or "")) as host:
        yield host
        for domain in host.domains():
            if domain.record is not None:
                await host.execute(act.PowerOffDomain(domain.uuid, "end of test"))
                await host.execute(act.UndefineDomain(domain.uuid, "end of test"))
    if storage is not None:
        await storage.close()


def disk(libvirtd: Libvirtd, name: str, target: str) -> DiskConfig:
    path = libvirtd.storage / f"{name}-{uuid4().hex[:8]}.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(path), "16M"], check=True)
    path.chmod(0o666)
    return DiskConfig(name, "disk", str(path), "qcow2", "virtio", target)


def machine(libvirtd: Libvirtd, image: GuestImage) -> DomainConfig:
    number = uuid4().hex
    name = f"q-{number[:8]}"
    return DomainConfig(
        name=name,
        uuid=str(uuid4()),
        type=DomainType.QEMU,
        memory=128 * 2**20,
        vcpus=1,
        machine="q35",
        cpu=CpuConfig("maximum"),
        kernel=KernelBoot(str(image.kernel), str(image.initramfs), CMDLINE),
        disks=(disk(libvirtd, "root", "vda"), DiskConfig("cd", "cdrom", None, "raw", "sata", "sda", read_only=True)),
        nics=(NicConfig("lan", "network", "default", f"52:54:00:{number[:2]}:{number[2:4]}:{number[4:6]}", "virtio"),),
        video="virtio",
        vnc=VncConfig("127.0.0.1", None),
        console_log=str(libvirtd.storage / f"{name}.log"),
        guest_agent=True,
        spare_pci_ports=3,
        record=Record("u", "default", name, "i", 1, "h"),
    )


async def running(host: LibvirtHost, config: DomainConfig) -> DomainConfig:
    await host.execute(act.DefineDomain(config, ""))
    await host.execute(act.StartDomain(config.uuid, False, ""))
    return config


async def booted(host: LibvirtHost, config: DomainConfig) -> DomainConfig:
    assert config.console_log is not None
    log = Path(config.console_log)
    await running(host, config)
    await until(lambda: log.exists() and READY in log.read_text(errors="replace"), "the guest is up", 60)
    return config
