"""A domain's life through the host: every action is seen at once by whoever did it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from homeostat.driver.errors import DomainGone, DriverError, NameTaken, Refused
from homeostat.driver.host import LibvirtHost
from homeostat.planner import actions as act
from homeostat.planner.domain import DomainConfig, DomainType
from homeostat.planner.observed import DomainState, ObservedDomain
from tests.libvirt.hosts import isolated_uri, machine
from tests.unit.configs import FORWARDED, FULL


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[LibvirtHost]:
    async with LibvirtHost(isolated_uri(tmp_path), storage_root=str(tmp_path)) as host:
        yield host


def seen(host: LibvirtHost, config: DomainConfig) -> ObservedDomain:
    domain = host.domain(config.uuid)
    assert domain is not None
    return domain


async def test_facts(host: LibvirtHost) -> None:
    facts = host.facts
    assert facts.reachable and not facts.error
    assert facts.domain_types == {DomainType.TEST}
    assert (facts.memory, facts.cpus) == (16 * 2**30, 4)
    assert facts.networks == {"default"} and facts.bridges is None
    assert not facts.attach and not facts.kvm_usable


async def test_defined_as_it_was_asked_for(host: LibvirtHost) -> None:
    config = machine()
    await host.execute(act.DefineDomain(config, "new"))
    domain = seen(host, config)
    assert domain.config == config and domain.record == config.record
    assert domain.state is DomainState.SHUTOFF and domain.live is None and domain.run == ""
    assert host.domain_named(config.name) is domain


@pytest.mark.parametrize("config", [FORWARDED, FULL], ids=["forwards", "full"])
async def test_whatever_the_test_driver_would_drop_survives(host: LibvirtHost, config: DomainConfig) -> None:
    config = replace(config, type=DomainType.TEST)
    await host.execute(act.DefineDomain(config, "new"))
    assert seen(host, config).config == config


async def test_power(host: LibvirtHost) -> None:
    config = machine()
    await host.execute(act.DefineDomain(config, ""))
    await host.execute(act.StartDomain(config.uuid, False, ""))
    first = seen(host, config)
    assert first.state is DomainState.RUNNING and first.reason == "booted" and first.run
    assert first.live is first.config  # the same words, kept once
    await host.execute(act.PauseDomain(config.uuid, ""))
    assert seen(host, config).state is DomainState.PAUSED
    await host.execute(act.ResumeDomain(config.uuid, ""))
    assert seen(host, config).run == first.run
    await host.execute(act.ShutdownDomain(config.uuid, ""))
    assert (seen(host, config).state, seen(host, config).reason) == (DomainState.SHUTOFF, "shutdown")
    await host.execute(act.StartDomain(config.uuid, False, ""))
    assert seen(host, config).run not in ("", first.run)
    await host.execute(act.PowerOffDomain(config.uuid, ""))
    assert seen(host, config).reason == "destroyed"


async def test_asking_for_what_is_so_already_is_no_error(host: LibvirtHost) -> None:
    config = machine()
    await host.execute(act.DefineDomain(config, ""))
    await host.execute(act.PowerOffDomain(config.uuid, ""))
    await host.execute(act.StartDomain(config.uuid, False, ""))
    await host.execute(act.StartDomain(config.uuid, False, ""))
    with pytest.raises(DriverError, match=f"resume machine {config.name}"):
        await host.execute(act.ResumeDomain(config.uuid, ""))


async def test_managed_save(host: LibvirtHost) -> None:
    config = machine()
    await host.execute(act.DefineDomain(config, ""))
    await host.execute(act.StartDomain(config.uuid, False, ""))
    await host.execute(act.SaveDomain(config.uuid, ""))
    assert seen(host, config).managed_save and seen(host, config).reason == "saved"
    await host.execute(act.StartDomain(config.uuid, False, ""))
    assert not seen(host, config).managed_save and seen(host, config).state is DomainState.RUNNING
    await host.execute(act.SaveDomain(config.uuid, ""))
    await host.execute(act.DiscardSave(config.uuid, ""))
    assert not seen(host, config).managed_save


async def test_redefined_while_it_runs(host: LibvirtHost) -> None:
    config = machine()
    await host.execute(act.DefineDomain(config, ""))
    await host.execute(act.StartDomain(config.uuid, False, ""))
    larger = replace(config, vcpus=3)
    await host.execute(act.DefineDomain(larger, ""))
    domain = seen(host, config)
    assert domain.state is DomainState.RUNNING
    assert domain.config == larger and domain.live == config


async def test_record_and_autostart(host: LibvirtHost) -> None:
    config = machine()
    assert config.record is not None
    await host.execute(act.DefineDomain(config, ""))
    await host.execute(act.StartDomain(config.uuid, False, ""))
    record = replace(config.record, generation=9, outcome="Started")
    await host.execute(act.WriteRecord(config.uuid, record, ""))
    await host.execute(act.SetAutostart(config.uuid, True, ""))
    told = seen(host, config)
    await host.refresh(config.uuid)
    assert seen(host, config) == told
    assert told.record == record and told.autostart
    assert told.config is not None and told.config.record == record


async def test_undefine_is_done_when_it_is_gone(host: LibvirtHost) -> None:
    config = machine()
    await host.execute(act.DefineDomain(config, ""))
    await host.execute(act.UndefineDomain(config.uuid, ""))
    assert host.domain(config.uuid) is None and host.domain_named(config.name) is None
    with pytest.raises(DomainGone):
        await host.execute(act.StartDomain(config.uuid, False, ""))


async def test_a_name_is_not_taken_away_from_another(host: LibvirtHost) -> None:
    first, second = machine("same"), machine("same")
    await host.execute(act.DefineDomain(first, ""))
    with pytest.raises(NameTaken, match="rename"):
        await host.execute(act.DefineDomain(second, ""))
    assert seen(host, first).config == first


async def test_what_cannot_be_expressed_is_refused(host: LibvirtHost) -> None:
    config = machine()
    with pytest.raises(Refused, match="XML compatible"):
        await host.execute(act.DefineDomain(replace(config, console_log="/a\x00b"), ""))
    assert host.domain(config.uuid) is None
