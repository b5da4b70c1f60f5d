"""What changes of a guest while it runs, on real QEMU: CPUs that come, memory, links, disks that go, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from homeostat.driver.domains import actions as driver_actions
from homeostat.driver.errors import DriverError, GuestHolds
from homeostat.driver.host import LibvirtHost
from homeostat.planner import actions as act
from homeostat.planner.changes.changes import compare, compare_running
from homeostat.planner.domain import DomainConfig
from tests.libvirt.hosts import until
from tests.libvirt.qemu_machines import booted, disk, machine, qemu_host
from tests.rig.guest import GuestImage, facts, leased_address
from tests.rig.libvirtd import Libvirtd
from tests.rig.waiting import wait_until

MIB = 2**20


@pytest.fixture
async def host(libvirtd: Libvirtd) -> AsyncIterator[LibvirtHost]:
    async with qemu_host(libvirtd) as host:
        yield host


def live(host: LibvirtHost, config: DomainConfig) -> DomainConfig:
    domain = host.domain(config.uuid)
    assert domain is not None and domain.live is not None
    return domain.live


def left(host: LibvirtHost, config: DomainConfig) -> int:
    """Bytes that the guest is left with."""
    domain = host.domain(config.uuid)
    assert domain is not None and domain.live is not None
    return domain.balloon or domain.live.memory


async def test_cpus_come_and_memory_comes_and_goes_within_the_maxima(
    host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage
) -> None:
    plain = machine(libvirtd, guest_image)
    config = replace(plain, vcpus=4, vcpus_left=2, vcpus_hotplug=True, memory=256 * MIB, balloon=192 * MIB)
    await booted(host, config)
    domain = host.domain(config.uuid)
    assert domain is not None and domain.config is not None
    assert compare(domain.config, config) == () and compare_running(live(host, config), config) == ()
    address = wait_until(lambda: leased_address(libvirtd, config.name), 60, "it has an address")

    def sees(vcpus: int, most: int) -> bool:
        """Of its memory the kernel keeps some for itself. On a crowded machine it does not always answer in time."""
        try:
            seen = facts(address)
        except OSError:
            return False
        return bool(
            seen["vcpus"] == (vcpus if guest_image.takes_cpus else 2) and (most - 48) * 1024 < seen["memoryKiB"] <= most * 1024
        )

    await until(lambda: sees(2, 192), "the guest was started with what its definition leaves it", 90)
    for vcpus, memory in ((3, 256), (4, 128), (4, 160)):
        await host.execute(act.SetVcpus(config.uuid, vcpus, ""))
        await host.execute(act.SetMemory(config.uuid, memory * MIB, ""))
        await until(lambda vcpus=vcpus, memory=memory: sees(vcpus, memory), f"the guest has {vcpus} CPUs and {memory} MiB", 90)  # type: ignore[misc]
        wanted = replace(config, vcpus_left=vcpus if vcpus < 4 else None, balloon=memory * MIB if memory < 256 else None)
        assert compare_running(live(host, config), wanted) == ()
        await host.execute(act.DefineDomain(wanted, ""))
        await until(lambda memory=memory: left(host, config) == memory * MIB, "libvirt tells of it too", 30)  # type: ignore[misc]
        after = host.domain(config.uuid)
        assert after is not None and after.config is not None and compare(after.config, wanted) == ()
        assert after.run == domain.run
    if not guest_image.takes_cpus:
        return
    try:
        await host.execute(act.SetVcpus(config.uuid, 2, ""))
    except GuestHolds as refused:  # it depends on the guest's kernel, and on how crowded the host is
        assert "does not let go" in str(refused)
    else:
        assert live(host, config).vcpus_left == 2


async def test_links_and_disks_and_what_is_refused(
    host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = machine(libvirtd, guest_image)
    data = disk(libvirtd, "data", "vdb")
    config = await booted(host, replace(plain, disks=(*plain.disks, data)))
    (nic,) = config.nics
    for down, word in ((True, "down"), (None, "up")):
        await host.execute(act.SetLink(config.uuid, replace(nic, down=down), ""))
        assert libvirtd.virsh("domif-getlink", config.name, nic.mac).split()[-1] == word
        assert live(host, config).nics == (replace(nic, down=down),)

    before = live(host, config)
    for refused in (replace(config.disks[0], name="again", target="vdc"), replace(data, name="none", target="vdc", source="/no")):
        with pytest.raises(DriverError, match=f"cannot attach disk {refused.name} to machine {config.name}"):
            await host.execute(act.AttachDisk(config.uuid, refused, ""))
        assert live(host, config) == before
    with pytest.raises(DriverError):
        await host.execute(act.SetVcpus(config.uuid, 2, ""))
    assert live(host, config) == before

    monkeypatch.setattr(driver_actions, "DETACH_TIMEOUT", 0.5)
    libvirtd.virsh("suspend", config.name)  # a guest that does not run lets go of nothing
    for _ in range(2):
        with pytest.raises(GuestHolds, match="has not let go of disk data"):
            await host.execute(act.DetachDisk(config.uuid, data, ""))
        assert live(host, config).disks == before.disks
    libvirtd.virsh("resume", config.name)
    await until(lambda: [d.name for d in live(host, config).disks] == ["root", "cd"], "it lets go once it can", 60)
    assert host.domain(config.uuid) is not None
