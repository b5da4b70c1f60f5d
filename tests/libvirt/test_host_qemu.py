"""The host on real QEMU under a libvirtd of the rig's: what the test driver cannot show. (That a guest is slow is no matter:
nothing here waits for one to boot, but for the device that a booted one gives back.)"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from homeostat.driver.errors import DriverError, HostUnreachable, NetworkMissing, NoMemory, Refused, ResourceInUse
from homeostat.driver.host import LibvirtHost
from homeostat.planner import actions as act
from homeostat.planner.domain import (
    DomainConfig,
    ForwardConfig,
    NicConfig,
)
from homeostat.planner.observed import DomainState, ObservedDomain
from tests.libvirt.hosts import until
from tests.libvirt.qemu_machines import booted, disk, machine, qemu_host, running
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd
from tests.rig.waiting import free_port


@pytest.fixture
async def host(libvirtd: Libvirtd) -> AsyncIterator[LibvirtHost]:
    async with qemu_host(libvirtd) as host:
        yield host


def seen(host: LibvirtHost, config: DomainConfig) -> ObservedDomain:
    domain = host.domain(config.uuid)
    assert domain is not None
    return domain


def assert_as_defined(found: DomainConfig | None, config: DomainConfig) -> None:
    """libvirt adds the version of the machine type to its name."""
    assert found is not None and found.machine.startswith("pc-q35-")
    assert replace(found, machine=config.machine) == config


async def test_redefining_the_same_changes_not_a_byte(host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    forwards = NicConfig("u", "user", "", "52:54:00:00:00:07", "virtio", (ForwardConfig("127.0.0.1", 1, 80, "tcp"),))
    config = machine(libvirtd, guest_image)
    config = replace(config, nics=(*config.nics, forwards))
    await host.execute(act.DefineDomain(config, ""))
    first = libvirtd.virsh("dumpxml", "--inactive", config.name)
    await host.execute(act.DefineDomain(config, ""))
    assert libvirtd.virsh("dumpxml", "--inactive", config.name) == first
    assert_as_defined(seen(host, config).config, config)


async def test_started_it_has_pid_display_and_address(host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    config = await running(host, machine(libvirtd, guest_image))
    domain = seen(host, config)
    assert domain.live == domain.config
    assert domain.pid is not None and config.uuid in Path(f"/proc/{domain.pid}/cmdline").read_text()
    assert domain.vnc is not None and domain.vnc.startswith("127.0.0.1:")
    assert domain.run.endswith(f"-{domain.pid}")
    mac = config.nics[0].mac
    await until(lambda: [source for _, source in host.addresses([mac]).get(mac, ())] == ["Lease"], "a lease", 60)


async def test_a_killed_qemu_is_noticed_and_the_next_run_is_another(
    host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage
) -> None:
    config = await running(host, machine(libvirtd, guest_image))
    before = seen(host, config)
    assert before.pid is not None
    os.kill(before.pid, signal.SIGKILL)
    await until(lambda: not seen(host, config).state.active, "the crash is seen", 20)
    assert seen(host, config).reason == "crashed"
    await host.execute(act.StartDomain(config.uuid, False, ""))
    assert seen(host, config).run != before.run


async def test_a_qemu_killed_while_it_is_asked_takes_no_connection_along(
    host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage
) -> None:
    """libvirt says of its socket to QEMU what it says of ours to it: that the peer reset it."""
    config = await running(host, machine(libvirtd, guest_image))
    reached: list[bool] = []
    host.subscribe(lambda uuid: reached.append(host.facts.reachable))
    pid = seen(host, config).pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    asked = asyncio.create_task(host.execute(act.AttachDisk(config.uuid, disk(libvirtd, "extra", "vdb"), "")))
    await until(lambda: libvirtd.virsh("domcontrol", config.name).startswith("occupied"), "QEMU is asked", 20)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(DriverError, match="its QEMU ended meanwhile") as refused:
        await asked
    assert not isinstance(refused.value, HostUnreachable)
    await until(lambda: not seen(host, config).state.active, "the crash is seen", 20)
    assert host.facts.reachable and all(reached)  # (what follows from execute is told to nobody: there may be no change)


async def test_folders_that_are_not_there_are_known(host: LibvirtHost, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    paths = {str(tmp_path), str(tmp_path / "none"), str(tmp_path / "file")}
    assert await host.lost_folders(paths) == paths - {str(tmp_path)}


async def test_devices_come_and_go_while_it_runs(host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    config = await booted(host, machine(libvirtd, guest_image))
    extra = disk(libvirtd, "extra", "vdb")
    nic = NicConfig("two", "network", "default", "52:54:00:00:00:08", "virtio")
    await host.execute(act.AttachDisk(config.uuid, extra, ""))
    await host.execute(act.AttachNic(config.uuid, nic, ""))
    live = seen(host, config).live
    assert live is not None and extra in live.disks and nic in live.nics
    assert_as_defined(seen(host, config).config, config)
    assert config.disks[0].source is not None
    await host.execute(act.GrowDisk(config.uuid, config.disks[0].source, 32 * 2**20, "vda", ""))
    await host.execute(act.DetachDisk(config.uuid, extra, ""))
    await host.execute(act.DetachNic(config.uuid, nic, ""))
    assert seen(host, config).live == seen(host, config).config


async def test_another_medium_in_the_drive(host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    config = await running(host, machine(libvirtd, guest_image))
    iso = libvirtd.storage / "medium.iso"
    iso.write_bytes(bytes(2048 * 20))
    drive = config.disks[1]
    for source in (str(iso), None):
        await host.execute(act.ChangeMedium(config.uuid, replace(drive, source=source), ""))
        live = seen(host, config).live
        assert live is not None and [d.source for d in live.disks if d.name == "cd"] == [source]


async def test_saved_and_resumed(host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    config = await running(host, machine(libvirtd, guest_image))
    await host.execute(act.SaveDomain(config.uuid, ""))
    assert (seen(host, config).state, seen(host, config).managed_save) == (DomainState.SHUTOFF, True)
    await host.execute(act.StartDomain(config.uuid, False, ""))
    assert (seen(host, config).reason, seen(host, config).managed_save) == ("restored", False)


async def test_a_killed_libvirtd_is_come_back_to(host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    config = await running(host, machine(libvirtd, guest_image))
    before = seen(host, config)
    for _ in range(2):
        libvirtd.kill9()
        await until(lambda: not host.facts.reachable, "the loss is noticed", 10)
        with pytest.raises(HostUnreachable):
            await host.execute(act.PauseDomain(config.uuid, ""))
        assert seen(host, config) == before  # what was known last
        await asyncio.to_thread(libvirtd.start)
        await until(lambda: host.facts.reachable, "it is reached again", 40)
        assert seen(host, config).run == before.run and seen(host, config).state is DomainState.RUNNING
    libvirtd.virsh("suspend", config.name)
    await until(lambda: seen(host, config).state is DomainState.PAUSED, "events are back")


async def test_refusals_say_what_to_do(host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    import socket

    config = machine(libvirtd, guest_image)
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        port = taken.getsockname()[1]
        forward = ForwardConfig("127.0.0.1", port, 80, "tcp")
        user = replace(config, nics=(NicConfig("u", "user", "", "52:54:00:00:00:09", "virtio", (forward,)),))
        with pytest.raises(ResourceInUse, match=f"host port {port} is taken"):
            await running(host, user)
    bridge = replace(config, nics=(NicConfig("b", "bridge", "hs-none", "52:54:00:00:00:0a", "virtio"),))
    with pytest.raises(NetworkMissing, match="the bridge hs-none does not exist"):
        await running(host, bridge)
    with pytest.raises(NetworkMissing, match="virsh net-define"):
        await running(host, replace(config, nics=(replace(config.nics[0], source="hs-none"),)))
    with pytest.raises(NoMemory, match=r"resources\.memory"):
        await running(host, replace(config, memory=2**44))
    missing = replace(config, disks=(replace(config.disks[0], source="/hs-none.qcow2"),))
    await host.execute(act.DefineDomain(missing, "", frozenset({"root"})))
    with pytest.raises(Refused, match="must exist"):
        await host.execute(act.StartDomain(config.uuid, False, ""))
