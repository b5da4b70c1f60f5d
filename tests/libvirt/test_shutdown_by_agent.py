"""Guests are asked to shut down by their agent on real QEMU: one whose agent does not act keeps us waiting for seconds only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from homeostat.driver import faults
from homeostat.driver.errors import DriverError
from homeostat.driver.host import LibvirtHost
from homeostat.planner import actions as act
from homeostat.planner.observed import DomainState
from tests.libvirt.hosts import until
from tests.libvirt.qemu_machines import booted, machine, qemu_host
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd

SECONDS = 20.0  # a few, and those of a busy host; libvirt's own call takes 60


@pytest.fixture
async def host(libvirtd: Libvirtd) -> AsyncIterator[LibvirtHost]:
    async with qemu_host(libvirtd) as host:
        yield host


def off(host: LibvirtHost, uuid: str) -> bool:
    domain = next(domain for domain in host.domains() if domain.uuid == uuid)
    return (domain.state, domain.reason) == (DomainState.SHUTOFF, "shutdown")


async def ask(host: LibvirtHost, uuid: str, *, by_agent: bool) -> None:
    began = time.monotonic()
    await host.execute(act.ShutdownDomain(uuid, "", by_agent))
    assert time.monotonic() - began < SECONDS


async def test_asked_by_agent_and_by_button(host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    configs = [machine(libvirtd, guest_image) for _ in range(3)]
    uuids = healthy, hanging, bare = [c.uuid for c in await asyncio.gather(*(booted(host, config) for config in configs))]
    await until(lambda: all(d.agent for d in host.domains() if d.uuid in uuids), "their agents listen", 60)
    await ask(host, healthy, by_agent=True)
    await until(lambda: off(host, healthy), "it shut down", 30)

    with pytest.raises((TimeoutError, DriverError)):  # the agent stops itself before it can answer
        await host.agent.run(hanging, ["/bin/killall", "-STOP", "agent"], 1.0)
    await ask(host, hanging, by_agent=True)
    assert not off(host, hanging)
    await ask(host, hanging, by_agent=False)
    await until(lambda: off(host, hanging), "it shut down", 30)

    with pytest.raises((TimeoutError, DriverError)):
        await host.agent.run(bare, ["/bin/killall", "-KILL", "agent"], 1.0)
    await ask(host, bare, by_agent=True)  # whom nobody tells anything: the button is pressed at once
    await until(lambda: off(host, bare), "it shut down", 30)


class Crossed:
    """In the place of a fault: notes what is crossed."""

    def __init__(self) -> None:
        self.moments: list[str] = []

    def cross(self, moment: str, action: object) -> None:
        self.moments.append(f"{moment} {type(action).__name__}")


async def test_a_guest_that_was_off_before_its_agent_was_done_needs_no_button(
    host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = await booted(host, machine(libvirtd, guest_image))
    await until(lambda: any(d.agent for d in host.domains() if d.uuid == config.uuid), "its agent listens", 60)
    told, crossed = host.agent.shut_down, Crossed()

    async def late(uuid: str) -> None:
        with suppress(DriverError):  # a guest quick to go off takes its agent with it, before the answer
            await told(uuid)
        await until(lambda: off(host, uuid), "it shut down", 30)
        raise DriverError("the guest agent disappeared")

    monkeypatch.setattr(host.agent, "shut_down", late)
    monkeypatch.setattr(faults, "_fault", crossed)
    await ask(host, config.uuid, by_agent=True)
    assert crossed.moments == ["before ShutdownDomain", "after ShutdownDomain"]
