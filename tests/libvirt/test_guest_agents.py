"""Guest agents on real QEMU: a probe's timeout holds, and agents that hang keep nobody else waiting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable

import pytest

from homeostat.driver.errors import DriverError
from homeostat.driver.host import LibvirtHost
from homeostat.models.probe import Probe
from homeostat.runtime.machine.probing.attempt import attempt
from homeostat.runtime.machine.probing.guest import DomainGuest
from tests.libvirt.qemu_machines import booted, machine, qemu_host
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd

SOON = 4.0  # seconds; an emulated guest on a busy host may take one or two, and what waits for a hanging agent takes 5 or more
PING = Probe.model_validate({"guestAgentPing": {}})
PATIENT = Probe.model_validate({"guestAgentPing": {}, "timeoutSeconds": int(SOON)})
ENDLESS = Probe.model_validate({"exec": {"command": ["/bin/sleep", "60"]}})


@pytest.fixture
async def host(libvirtd: Libvirtd) -> AsyncIterator[LibvirtHost]:
    async with qemu_host(libvirtd) as host:
        yield host


async def took(job: Awaitable[object]) -> float:
    began = time.monotonic()
    await job
    return time.monotonic() - began


async def agent_is_there(host: LibvirtHost, uuid: str) -> None:
    async with asyncio.timeout(60):
        while not (await attempt(PATIENT, DomainGuest(host, uuid))).ok:  # noqa: ASYNC110 - a guest sets no event of ours
            await asyncio.sleep(0.05)


async def test_agents_that_hang(host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    configs = [machine(libvirtd, guest_image), machine(libvirtd, guest_image)]
    hanging, healthy = [c.uuid for c in await asyncio.gather(*(booted(host, config) for config in configs))]
    await asyncio.gather(agent_is_there(host, hanging), agent_is_there(host, healthy))
    told = [ip for mac, ip in await host.agent.addresses(healthy, 5.0) if mac == configs[1].nics[0].mac]
    assert any(ip.startswith("192.168.") for ip in told), told

    # A command that does not end is given up in time, and costs nobody anything.
    result = await attempt(ENDLESS, DomainGuest(host, healthy))
    assert (result.ok, result.message) == (False, "no answer within 1 s")
    assert (await attempt(PATIENT, DomainGuest(host, healthy))).ok

    with pytest.raises((TimeoutError, DriverError)):  # the agent stops itself before it can answer
        await host.agent.run(hanging, ["/bin/killall", "-STOP", "agent"], 1.0)
    # The first time libvirt waits as told, from then on 5 s for the agent to say that it is there.
    for _ in range(2):
        assert await took(attempt(PING, DomainGuest(host, hanging))) < SOON
    crowd = [asyncio.create_task(attempt(PING, DomainGuest(host, hanging))) for _ in range(4)]
    await asyncio.sleep(0)
    assert await took(host.refresh(healthy)) < SOON
    assert await took(host.agent.ping(healthy, SOON)) < SOON
    results = await asyncio.wait_for(asyncio.gather(*crowd), SOON)
    assert {(result.ok, result.message) for result in results} == {(False, "no answer within 1 s")}
