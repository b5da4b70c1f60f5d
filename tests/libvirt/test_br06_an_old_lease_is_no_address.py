"""BR-06: what an earlier guest was leased is no address of a guest that never asked for one. One that was saved is found at its
address again, since it answers there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from homeostat.driver.host import LibvirtHost
from homeostat.planner import actions as act
from homeostat.planner.domain import DomainConfig
from tests.libvirt.hosts import until
from tests.libvirt.qemu_machines import machine, qemu_host, running
from tests.rig.guest import BOOT_TIMEOUT, GuestImage
from tests.rig.libvirtd import Libvirtd


@pytest.fixture
async def host(libvirtd: Libvirtd) -> AsyncIterator[LibvirtHost]:
    async with qemu_host(libvirtd) as host:
        yield host


def addresses(host: LibvirtHost, config: DomainConfig) -> list[tuple[str, str]]:
    domain, mac = host.domain(config.uuid), config.nics[0].mac
    assert domain is not None
    return list(host.addresses([mac], domain.run).get(mac, ()))


async def test_br06(libvirtd: Libvirtd, host: LibvirtHost, guest_image: GuestImage) -> None:
    config = await running(host, machine(libvirtd, guest_image))
    await until(lambda: [source for _, source in addresses(host, config)] == ["Lease"], "a lease", BOOT_TIMEOUT)
    (leased,) = addresses(host, config)

    await host.execute(act.SaveDomain(config.uuid, ""))
    await host.execute(act.StartDomain(config.uuid, False, ""))
    await until(lambda: addresses(host, config) == [leased], "it answers where it was", BOOT_TIMEOUT)

    await host.execute(act.PowerOffDomain(config.uuid, ""))
    await host.execute(act.DefineDomain(replace(config, kernel=None, disks=()), ""))
    await host.execute(act.StartDomain(config.uuid, True, ""))  # paused: a firmware that boots by network asks as a guest does
    assert addresses(host, config) == []
    await host._book._read()
    assert leased[0] in libvirtd.virsh("net-dhcp-leases", "default")
    assert addresses(host, config) == []
    async with LibvirtHost(libvirtd.uri) as later:  # an operator that was not there when it began
        assert addresses(later, config) == []
