"""Guest agents on real QEMU: a probe's timeout holds, and agents that hang keep nobody else waiting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable

import pytest

from homeostat.driver.errors import DriverError
from homeostat.driver.host import LibvirtHost
from homeostat.models.probe import Probe
from homeostat.runtime.probing.attempt import attempt
from homeostat.runtime.probing.guest import DomainGuest
from tests.libvirt.qemu_machines import booted, machine, qemu_host
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd

PING = Probe.model_validate({"guestAgentPing": {}})
ENDLESS = Probe.model_validate({"exec": {"command": ["/bin/sleep", "60"]}})
SOON = 0.9  # seconds; what answers does so in milliseconds, and what waits for a hanging agent takes longer than its timeout


@pytest.fixture
async def host(libvirtd: Libvirtd) -> AsyncIterator[LibvirtHost]:
    async with qemu_host(libvirtd) as host:
        yield host


async def took(job: Awaitable[object]) -> float:
    began = time.monotonic()
    await job
    return time.monotonic() - began


async def agent_is_there(host: LibvirtHost, uuid: str) -> None:
    async with asyncio.timeout(30):
        while not (await attempt(PING, DomainGuest(host, uuid))).ok:  # noqa: ASYNC110 - a guest sets no event of ours
            await asyncio.sleep(0.05)


async def test_agents_that_hang(host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    configs = [machine(libvirtd, guest_image), machine(libvirtd, guest_image)]
    hanging, healthy = [c.uuid for c in await asyncio.gather(*(booted(host, config) for config in configs))]
    await asyncio.gather(agent_is_there(host, hanging), agent_is_there(host, healthy))
    assert dict(await host.agent.addresses(healthy, 5.0))[configs[1].nics[0].mac].startswith("192.168.")

    # A command that does not end is given up in time, and costs nobody anything.
    result = await attempt(ENDLESS, DomainGuest(host, healthy))
    assert (result.ok, result.message) == (False, "no answer within 1 s")
    assert (await attempt(PING, DomainGuest(host, healthy))).ok

    with pytest.raises((TimeoutError, DriverError)):  # the agent stops itself before it can answer
        await host.agent.run(hanging, ["/bin/killall", "-STOP", "agent"], 1.0)
    # The first time libvirt waits as told, from then on 5 s for the agent to say that it is there.
    for _ in range(2):
        assert await took(attempt(PING, DomainGuest(host, hanging))) < 1.5
    crowd = [asyncio.create_task(attempt(PING, DomainGuest(host, hanging))) for _ in range(12)]
    await asyncio.sleep(0)
    assert await took(host.refresh(healthy)) < SOON
    for _ in range(5):
        assert await took(host.agent.ping(healthy, 1.0)) < SOON
    assert not any(task.done() and task.result().ok for task in crowd)
    assert any(not task.done() for task in crowd), "they had all given up before the others were asked"
    for task in crowd:
        task.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)
