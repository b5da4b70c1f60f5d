"""What others do on the host is noticed, and what is theirs is left alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import libvirt
import pytest

from homeostat.driver.errors import Refused
from homeostat.driver.host import LibvirtHost
from homeostat.driver.xml import build_domain
from homeostat.planner import actions as act
from homeostat.planner.observed import DomainState
from tests.libvirt.hosts import machine, until

URI = "test:///default"


@pytest.fixture
async def host() -> AsyncIterator[LibvirtHost]:
    async with LibvirtHost(URI) as host:
        yield host


@pytest.fixture
def other() -> Iterator[libvirt.virConnect]:
    """Somebody else with a connection to the same host; what is left behind goes."""
    connection = libvirt.open(URI)
    before = {domain.UUIDString() for domain in connection.listAllDomains()}
    yield connection
    for domain in connection.listAllDomains():
        if domain.UUIDString() not in before:
            persistent = domain.isPersistent()
            if domain.isActive():
                domain.destroy()  # the last of a domain without definition
            if persistent:
                domain.undefine()
    connection.close()


async def test_a_domain_without_our_record_is_known_by_name_only(host: LibvirtHost, other: libvirt.virConnect) -> None:
    config = replace(machine(), record=None)
    other.defineXML(build_domain(config)).create()
    await until(lambda: host.domain(config.uuid), "the domain is seen")
    domain = host.domain(config.uuid)
    assert domain is not None and domain.state is DomainState.RUNNING
    assert domain.record is None and domain.config is None and domain.live is None
    for action in (
        act.PowerOffDomain(config.uuid, ""),
        act.UndefineDomain(config.uuid, ""),
        act.DefineDomain(replace(config, vcpus=2), ""),
    ):
        with pytest.raises(Refused, match="not ours"):
            await host.execute(action)
    assert other.lookupByUUIDString(config.uuid).isActive()


async def test_its_power_is_cut(host: LibvirtHost, other: libvirt.virConnect) -> None:
    config = machine()
    await host.execute(act.DefineDomain(config, ""))
    await host.execute(act.StartDomain(config.uuid, False, ""))
    told: list[str | None] = []
    host.subscribe(told.append)
    other.lookupByUUIDString(config.uuid).destroy()
    await until(lambda: told == [config.uuid], "somebody is told, once")
    domain = host.domain(config.uuid)
    assert domain is not None
    assert (domain.state, domain.reason, domain.live, domain.run) == (DomainState.SHUTOFF, "destroyed", None, "")


async def test_a_restart_between_two_looks_is_another_run(host: LibvirtHost, other: libvirt.virConnect) -> None:
    config = machine()
    await host.execute(act.DefineDomain(config, ""))
    await host.execute(act.StartDomain(config.uuid, False, ""))
    before = host.domain(config.uuid)
    assert before is not None
    theirs = other.lookupByUUIDString(config.uuid)
    theirs.destroy()
    theirs.create()
    await until(lambda: host.domain(config.uuid) != before, "the restart is seen")
    after = host.domain(config.uuid)
    assert after is not None and after.state is DomainState.RUNNING and after.run != before.run


async def test_its_definition_is_edited(host: LibvirtHost, other: libvirt.virConnect) -> None:
    config = machine()
    await host.execute(act.DefineDomain(config, ""))
    other.defineXML(build_domain(replace(config, vcpus=7)))
    await until(lambda: (d := host.domain(config.uuid)) and d.config and d.config.vcpus == 7, "the edit is seen")


async def test_an_edit_right_beside_our_own_is_not_lost(host: LibvirtHost, other: libvirt.virConnect) -> None:
    """Of two events of one kind only one is our own."""
    config = machine()
    for vcpus in range(2, 12):
        await host.execute(act.DefineDomain(replace(config, vcpus=1), ""))
        other.defineXML(build_domain(replace(config, vcpus=vcpus)))
        await until(lambda: (d := host.domain(config.uuid)) and d.config and d.config.vcpus == vcpus, "the edit is seen")  # noqa: B023


async def test_it_is_undefined(host: LibvirtHost, other: libvirt.virConnect) -> None:
    config = machine()
    await host.execute(act.DefineDomain(config, ""))
    other.lookupByUUIDString(config.uuid).undefine()
    await until(lambda: host.domain(config.uuid) is None, "it is gone")
    assert host.domain_named(config.name) is None


async def test_it_is_undefined_while_it_runs(host: LibvirtHost, other: libvirt.virConnect) -> None:
    config = machine()
    await host.execute(act.DefineDomain(config, ""))
    await host.execute(act.StartDomain(config.uuid, False, ""))
    other.lookupByUUIDString(config.uuid).undefine()
    await until(lambda: (d := host.domain(config.uuid)) and not d.persistent, "it is transient")


async def test_its_record_is_taken_away(host: LibvirtHost, other: libvirt.virConnect) -> None:
    config = machine()
    await host.execute(act.DefineDomain(config, ""))
    other.lookupByUUIDString(config.uuid).setMetadata(
        libvirt.VIR_DOMAIN_METADATA_ELEMENT, None, None, "https://homeostat.dev/domain/1", libvirt.VIR_DOMAIN_AFFECT_CONFIG
    )
    await until(lambda: (d := host.domain(config.uuid)) and d.record is None, "it is not ours any more")


async def test_what_no_event_tells_is_found_by_the_next_resync(host: LibvirtHost, other: libvirt.virConnect) -> None:
    config = machine()
    await host.execute(act.DefineDomain(config, ""))
    other.lookupByUUIDString(config.uuid).setAutostart(1)
    await host.resync()
    await until(lambda: (d := host.domain(config.uuid)) and d.autostart, "autostart is seen")
