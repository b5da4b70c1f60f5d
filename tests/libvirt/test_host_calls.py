"""How many libvirt calls things take: at rest and in a resync none per machine."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from homeostat.driver.connection.events import DEBOUNCE
from homeostat.driver.domains.inventory import REREAD
from homeostat.driver.host import LibvirtHost
from homeostat.planner import actions as act
from tests.libvirt.hosts import isolated_uri, machine


async def populate(host: LibvirtHost, count: int) -> None:
    for _ in range(count):
        config = machine()
        await host.execute(act.DefineDomain(config, ""))
        await host.execute(act.StartDomain(config.uuid, False, ""))


async def calls_of_resync(host: LibvirtHost) -> Counter[str]:
    before = Counter(host.calls_by_function)
    await host.resync()
    return Counter(host.calls_by_function) - before


async def test_a_resync_takes_as_many_calls_for_many_as_for_few(tmp_path: Path) -> None:
    async with LibvirtHost(isolated_uri(tmp_path)) as host:
        await populate(host, REREAD)
        few = await calls_of_resync(host)
        await populate(host, 60)
        assert await calls_of_resync(host) == few
        assert few.total() <= 5


async def test_creating_takes_few_calls_and_their_events_none(tmp_path: Path) -> None:
    count = 10
    told: list[str | None] = []
    async with LibvirtHost(isolated_uri(tmp_path)) as host:
        host.subscribe(told.append)
        before = Counter(host.calls_by_function)
        await populate(host, count)
        await asyncio.sleep(5 * DEBOUNCE)  # time for events that must have no effect: there is nothing to wait for
        made = Counter(host.calls_by_function) - before
        for not_per_machine in ("networkLookupByName", "DHCPLeases"):
            made.pop(not_per_machine, None)
        assert made == {
            "defineXML": count,
            "createWithFlags": count,
            "state": 2 * count,
            "XMLDesc": 2 * count,
        }
        assert told == []


async def test_a_new_domain_is_as_it_is_taken_to_be(tmp_path: Path) -> None:
    async with LibvirtHost(isolated_uri(tmp_path)) as host:
        config = machine()
        await host.execute(act.DefineDomain(config, ""))
        made = host.domain(config.uuid)
        await host.refresh(config.uuid)
        assert made is not None and host.domain(config.uuid) == made
