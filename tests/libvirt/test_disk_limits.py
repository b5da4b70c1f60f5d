"""Limits of a disk on real QEMU: set, changed and lifted while the guest runs, and there at its next start."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from homeostat.driver.host import LibvirtHost
from homeostat.planner import actions as act
from homeostat.planner.domain import DomainConfig, LimitsConfig
from tests.libvirt.qemu_machines import machine, qemu_host, running
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd


@pytest.fixture
async def host(libvirtd: Libvirtd) -> AsyncIterator[LibvirtHost]:
    async with qemu_host(libvirtd) as host:
        yield host


def limited(config: DomainConfig, limits: LimitsConfig | None) -> DomainConfig:
    return replace(config, disks=(replace(config.disks[0], limits=limits), *config.disks[1:]))


def live_limits(host: LibvirtHost, config: DomainConfig) -> LimitsConfig | None:
    domain = host.domain(config.uuid)
    assert domain is not None and domain.live is not None
    return domain.live.disks[0].limits


async def test_they_are_set_changed_and_lifted(host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    config = await running(host, machine(libvirtd, guest_image))
    for limits in (LimitsConfig(15_000_000, 25_000_000, 1000, 1500), LimitsConfig(iops=40), None, LimitsConfig(bytes=2**20)):
        await host.execute(act.LimitDisk(config.uuid, limited(config, limits).disks[0], ""))
        assert live_limits(host, config) == limits
        told = dict(line.split(":") for line in libvirtd.virsh("blkdeviotune", config.name, "vda").split("\n") if ":" in line)
        shown = {name.strip(): value.strip() for name, value in told.items() if value.strip() not in ("0", "")}
        assert shown.get("total_iops_sec", "0") == str((limits and limits.iops) or 0)
        assert shown.get("total_bytes_sec", "0") == str((limits and limits.bytes) or 0)


async def test_what_others_set_live_is_lifted_too(host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    config = await running(host, machine(libvirtd, guest_image))
    libvirtd.virsh("blkdeviotune", config.name, "vda", "--read-bytes-sec", "1000000", "--live")
    await host.execute(act.LimitDisk(config.uuid, limited(config, LimitsConfig(iops=40)).disks[0], ""))
    assert live_limits(host, config) == LimitsConfig(iops=40)


async def test_they_are_there_at_the_next_start(host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    config = limited(machine(libvirtd, guest_image), LimitsConfig(15_000_000, None, 1000, 1500))
    ssd = replace(config.disks[0], bus="sata", target="sdb", rotation_rate=1, discard="ignore")
    config = await running(host, replace(config, disks=(ssd, *config.disks[1:])))
    domain = host.domain(config.uuid)
    assert domain is not None and domain.live is not None and set(domain.live.disks) == set(config.disks)
    await host.execute(act.DefineDomain(limited(config, None), ""))
    defined = host.domain(config.uuid)
    assert defined is not None and defined.config is not None and defined.config.disks[0].limits is None
