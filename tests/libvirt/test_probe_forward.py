"""tcpSocket probes through port forwards of user networking, against real guests behind real QEMU."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import pytest

from homeostat.driver.host import LibvirtHost
from homeostat.models.probe import Probe
from homeostat.planner import actions as act
from homeostat.planner.domain import DomainConfig, ForwardConfig, NicConfig
from homeostat.runtime.machine.probing.attempt import Result, attempt
from homeostat.runtime.machine.probing.guest import DomainGuest
from tests.libvirt.qemu_machines import booted, machine, qemu_host
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd
from tests.rig.waiting import free_port

HTTP, MUTE, DEAF = 80, 82, 83  # ports of the guest: a web server, one that never says a word, and nobody


@pytest.fixture
async def host(libvirtd: Libvirtd) -> AsyncIterator[LibvirtHost]:
    async with qemu_host(libvirtd) as host:
        yield host


def forwarded(libvirtd: Libvirtd, image: GuestImage) -> DomainConfig:
    config = machine(libvirtd, image)
    forwards = tuple(ForwardConfig("127.0.0.1", free_port(), port, "tcp") for port in (HTTP, MUTE, DEAF))
    return replace(config, nics=(NicConfig("user", "user", "", config.nics[0].mac, "virtio", forwards),))


async def test_who_listens_and_who_does_not(host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    config = forwarded(libvirtd, guest_image)

    async def probe(port: int) -> Result:
        return await attempt(Probe.model_validate({"tcpSocket": {"port": port}}), DomainGuest(host, config.uuid))

    await host.execute(act.DefineDomain(config, ""))
    await host.execute(act.StartDomain(config.uuid, True, ""))
    assert [(await probe(port)).ok for port in (HTTP, MUTE, DEAF)] == [False] * 3, "QEMU accepts for a guest that does not run"
    await host.execute(act.ResumeDomain(config.uuid, ""))

    async def listening(port: int) -> Result:
        async with asyncio.timeout(30):
            while not (result := await probe(port)).ok:  # noqa: ASYNC110 - a guest sets no event of ours
                await asyncio.sleep(0.05)
        return result

    await booted(host, config)
    await listening(HTTP)
    mute = ["/bin/busybox", "nc", "-ll", "-p", str(MUTE), "-e", "/bin/sleep", "999"]
    with suppress(TimeoutError):  # it runs on
        await host.agent.run(config.uuid, mute, 1.0)
    assert "accepts connections" in (await listening(MUTE)).message
    result = await probe(DEAF)
    assert (result.ok, "nobody listens behind this forward" in result.message) == (False, True), result
