"""What no event told of is found late: a definition never puts a disk back, nor is a save resumed on an old file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from homeostat.driver.errors import DomainChanged, SaveOutdated
from homeostat.driver.host import LibvirtHost
from homeostat.planner import actions as act
from homeostat.planner.domain import DomainConfig
from tests.libvirt.hosts import until
from tests.libvirt.qemu_machines import machine, qemu_host, running
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd


@pytest.fixture
async def host(libvirtd: Libvirtd) -> AsyncIterator[LibvirtHost]:
    async with qemu_host(libvirtd) as host:
        yield host


@pytest.fixture
def config(libvirtd: Libvirtd, guest_image: GuestImage) -> DomainConfig:
    return replace(machine(libvirtd, guest_image), nics=())


async def snapshot(libvirtd: Libvirtd, config: DomainConfig) -> str:
    words = ("snapshot-create-as", config.name, "bak", "--disk-only", "--no-metadata")
    await asyncio.to_thread(libvirtd.virsh, *words)
    source = config.disks[0].source
    assert source is not None
    return source.removesuffix("qcow2") + "bak"


def sources(host: LibvirtHost, config: DomainConfig) -> set[str | None]:
    seen = host.domain(config.uuid)
    assert seen is not None and seen.config is not None
    return {found.disks[0].source for found in (seen.config, seen.live) if found}


@pytest.mark.parametrize("runs", [True, False])
async def test_a_definition_that_rests_on_the_former_file_is_refused(
    host: LibvirtHost, libvirtd: Libvirtd, config: DomainConfig, runs: bool
) -> None:
    await (running(host, config) if runs else host.execute(act.DefineDomain(config, "")))
    overlay = await snapshot(libvirtd, config)
    assert sources(host, config) == {config.disks[0].source}, "nobody told of it"
    with pytest.raises(DomainChanged, match=r"root.*someone put it"):
        await host.execute(act.DefineDomain(replace(config, vcpus=2), ""))
    await until(lambda: sources(host, config) == {overlay}, "it is looked at again")
    on_overlay = (replace(config.disks[0], source=overlay), *config.disks[1:])
    await host.execute(act.DefineDomain(replace(config, vcpus=2, disks=on_overlay), ""))
    assert sources(host, config) == {overlay}


async def test_a_bulk_reading_finds_it(host: LibvirtHost, libvirtd: Libvirtd, config: DomainConfig) -> None:
    await running(host, config)
    overlay = await snapshot(libvirtd, config)
    await host.resync()
    await until(lambda: sources(host, config) == {overlay}, "it is known")
    await asyncio.to_thread(libvirtd.virsh, "blockcommit", config.name, "vda", "--active", "--pivot", "--wait")
    await until(lambda: sources(host, config) == {config.disks[0].source}, "the block job's end is told by an event")


async def test_saved_memory_does_not_go_on_with_a_file_that_an_overlay_leans_on(
    host: LibvirtHost, libvirtd: Libvirtd, config: DomainConfig
) -> None:
    await running(host, config)
    await host.execute(act.SaveDomain(config.uuid, ""))
    await snapshot(libvirtd, config)
    with pytest.raises(SaveOutdated, match="virsh managedsave-remove"):
        await host.execute(act.StartDomain(config.uuid, False, ""))
    seen = host.domain(config.uuid)
    assert seen is not None and not seen.state.active and seen.managed_save
    await host.execute(act.DiscardSave(config.uuid, ""))
    await host.execute(act.StartDomain(config.uuid, False, ""))


async def test_memory_saved_with_the_overlay_goes_on(host: LibvirtHost, libvirtd: Libvirtd, config: DomainConfig) -> None:
    await running(host, config)
    overlay = await snapshot(libvirtd, config)
    await asyncio.to_thread(libvirtd.virsh, "managedsave", config.name)
    await until(lambda: (seen := host.domain(config.uuid)) is not None and seen.managed_save, "it is saved")
    await host.execute(act.StartDomain(config.uuid, False, ""))
    assert sources(host, config) == {overlay}


async def test_a_revert_brings_the_definition_of_then(host: LibvirtHost, libvirtd: Libvirtd, config: DomainConfig) -> None:
    await running(host, config)
    await asyncio.to_thread(libvirtd.virsh, "snapshot-create-as", config.name, "then")
    assert config.record is not None
    later = replace(config, vcpus=2, record=replace(config.record, restarted_at="t1"))
    await host.execute(act.DefineDomain(later, ""))
    await asyncio.to_thread(libvirtd.virsh, "snapshot-revert", config.name, "then")

    def as_then() -> bool:
        seen = host.domain(config.uuid)
        assert seen is not None and seen.config is not None and seen.record is not None
        return (seen.reason, seen.config.vcpus, seen.record.restarted_at) == ("from-snapshot", 1, "")

    await until(as_then, "definition and record are of then")
