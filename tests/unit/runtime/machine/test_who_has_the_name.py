"""Who stands in a machine's way on its host: a domain that has its name, or its uuid without being its own."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from homeostat.models.machine import VirtualMachine
from homeostat.planner.observed import DomainState, ObservedDomain, RememberedActs
from homeostat.runtime.machine.images import ImageUse
from homeostat.runtime.machine.observe import observe
from tests.unit.machines import machine, running
from tests.unit.operating import WorldHost
from tests.unit.world import World

FOREIGN = ObservedDomain(
    "web", "11111111-2222-3333-4444-555555555555", DomainState.RUNNING, "booted", True, False, False, None, None
)


def clash(vm: VirtualMachine, host: WorldHost) -> ObservedDomain | None:
    return asyncio.run(observe(vm, host, RememberedActs(), {}, ImageUse())).clash  # type: ignore[arg-type]


def test_nobody_does_where_it_has_its_own_or_none() -> None:
    world, _, vm = running()
    assert clash(vm, WorldHost(world)) is None
    assert clash(machine(), WorldHost(World())) is None


def test_a_foreign_domain_of_its_name_does_before_and_after_it_has_one() -> None:
    host = WorldHost(World())
    host.strangers["web"] = FOREIGN
    assert clash(machine(), host) == FOREIGN
    world, _, vm = running()
    assert world.domain is not None
    world.domain = replace(world.domain, name="renamed")
    host = WorldHost(world)
    host.strangers["web"] = FOREIGN
    assert clash(vm, host) == FOREIGN


def test_a_domain_of_its_uuid_that_is_not_its_own_does() -> None:
    world, _, vm = running()
    assert world.domain is not None and world.domain.record is not None
    world.domain = replace(world.domain, name="db", record=replace(world.domain.record, name="db"))
    found = clash(vm, WorldHost(world))
    assert found is not None and found.name == "db"
