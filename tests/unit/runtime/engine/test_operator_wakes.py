"""Whose turn it is when something changes: on the host, among images, plugins and deployments."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from homeostat.models.base import Key
from homeostat.models.machine import VirtualMachine
from homeostat.planner.observed import DomainState, ObservedDomain
from homeostat.runtime.engine.operator import Operator
from homeostat.runtime.machine.reconcile import DomainOf
from tests.unit.machines import machine
from tests.unit.operating import Shelf, WorldHost, an_operator, at_work, until

FOREIGN = ObservedDomain(
    name="web",
    uuid="11111111-2222-3333-4444-555555555555",
    state=DomainState.RUNNING,
    reason="booted",
    persistent=True,
    autostart=False,
    managed_save=False,
    record=None,
    config=None,
)
WEB, DB = machine(), machine(name="db")


def state(shelf: Shelf, key: Key) -> str:
    found = shelf.resources[key]
    assert isinstance(found, VirtualMachine)
    return str(found.status.state) if found.status else ""


def reason(shelf: Shelf, key: Key) -> str:
    found = shelf.resources.get(key)
    status = found.status if isinstance(found, VirtualMachine) else None
    return next((c.reason for c in status.conditions if c.type == "Ready"), "") if status else ""


def looked_at(operator: Operator) -> list[Key]:
    """Whatever is queued from now on."""
    queued: list[Key] = []
    add = operator.queue.add

    def noted(key: Key, after: float = 0.0) -> None:
        queued.append(key)
        add(key, after)

    operator.queue.add = noted  # type: ignore[method-assign]
    return queued


async def test_a_machine_whose_name_a_foreign_domain_has_comes_up_as_soon_as_that_is_renamed() -> None:
    shelf, host = Shelf(WEB), WorldHost()
    host.strangers["web"] = FOREIGN
    operator = an_operator(shelf, host)
    async with at_work(operator):
        await until(lambda: reason(shelf, WEB.key) == "NameInUse" and operator.queue.idle())
        assert operator.queue.idle(within=3600), "nothing but news can end that"
        host.strangers = {"other": replace(FOREIGN, name="other")}
        host.changed(FOREIGN.uuid)
        await until(lambda: state(shelf, WEB.key) == "Running")


async def test_a_foreign_domain_that_holds_no_name_of_ours_wakes_nobody() -> None:
    shelf, host = Shelf(WEB), WorldHost()
    operator = an_operator(shelf, host)
    async with at_work(operator):
        await until(lambda: state(shelf, WEB.key) == "Running" and operator.queue.idle(within=60))
        queued = looked_at(operator)
        host.changed(FOREIGN.uuid)
        assert queued == []


async def test_a_change_of_its_own_domain_wakes_the_machine_alone() -> None:
    shelf, host = Shelf(WEB), WorldHost()
    operator = an_operator(shelf, host)
    async with at_work(operator):
        await until(lambda: state(shelf, WEB.key) == "Running" and operator.queue.idle(within=60))
        queued = looked_at(operator)
        host.world.crash()
        host.news()
        assert queued == [WEB.key]
        await until(lambda: host.world.starts == 2)


async def test_a_change_of_the_whole_host_wakes_all() -> None:
    shelf, host = Shelf(WEB), WorldHost()
    operator = an_operator(shelf, host)
    async with at_work(operator):
        await until(lambda: state(shelf, WEB.key) == "Running" and operator.queue.idle(within=60))
        host.world.host = replace(host.world.host, reachable=False, error="the link is cut")
        host.changed(None)
        await until(lambda: reason(shelf, WEB.key) == "HostUnreachable")
        assert operator.queue.idle(within=3600), "its return is told"
        host.world.host = replace(host.world.host, reachable=True, error="")
        host.changed(None)
        await until(lambda: state(shelf, WEB.key) == "Running" and reason(shelf, WEB.key) != "HostUnreachable")


async def test_a_machine_that_is_deleted_goes_and_nothing_of_it_is_remembered() -> None:
    shelf, host = Shelf(WEB), WorldHost()
    operator = an_operator(shelf, host)
    async with at_work(operator):
        await until(lambda: state(shelf, WEB.key) == "Running" and operator.queue.idle(within=60))
        assert WEB.key in operator.looked_at
        gone = WEB.metadata.model_copy(update={"deletion_timestamp": "2026-01-01T00:00:00Z"})
        shelf.put(WEB.model_copy(update={"metadata": gone}))
        await until(lambda: shelf.released == [WEB.key])
        await until(lambda: WEB.key not in operator.looked_at)
    assert host.world.domain is None and host.world.released is False
    assert (WEB.key, "Deleted") in shelf.told


async def test_a_machine_whose_domain_someone_renamed_sees_who_has_its_name_now() -> None:
    shelf, host = Shelf(WEB), WorldHost()
    operator = an_operator(shelf, host)
    async with at_work(operator):
        await until(lambda: state(shelf, WEB.key) == "Running" and operator.queue.idle(within=60))
        assert host.world.domain is not None and host.world.domain.config is not None
        host.world.domain.name = "renamed"
        host.strangers["web"] = FOREIGN
        host.news()
        await until(lambda: reason(shelf, WEB.key) == "NameInUse")
        assert host.world.domain.active and state(shelf, WEB.key) == "Running"


async def test_a_resource_wakes_itself_what_rests_on_it_and_whom_a_waker_names() -> None:
    operator = an_operator(Shelf(WEB), WorldHost(), wakers=(lambda key: [DB.key],))
    queued, other = looked_at(operator), machine(name="other").key
    operator.dependencies.rest(other, "test", [WEB.key])
    operator.resource_changed(WEB.key)
    assert queued == [WEB.key, other, DB.key]


async def test_orphans_are_looked_for_when_all_of_the_host_changed() -> None:
    class Orphans:
        pokes, found = 0, ()

        def poke(self) -> None:
            self.pokes += 1

    orphans = Orphans()
    operator = an_operator(Shelf(WEB), WorldHost(), orphans=orphans)
    operator._machines.known.add(WEB.key)
    operator._host_changed(None)
    assert orphans.pokes == 1 and operator._machines.known == set()
    operator._host_changed("somebody else's")
    assert orphans.pokes == 2
    operator.dependencies.rest(WEB.key, "domain", [DomainOf("ours")])
    operator._host_changed("ours")
    assert orphans.pokes == 2


async def test_events_of_what_takes_long_are_gathered_and_its_first_one_is_not() -> None:
    operator = an_operator(Shelf(WEB), WorldHost())
    waits: list[float] = []
    operator.wake = lambda key, after=0.0: waits.append(after)  # type: ignore[method-assign]
    operator._took[WEB.key] = 3.0
    for _ in range(2):
        operator.resource_changed(WEB.key)
    assert waits[0] == 0.0 < waits[1]


async def test_steps_of_a_machine_wake_what_waits_for_it() -> None:
    """No event tells of steps that we took ourselves."""
    shelf, host = Shelf(WEB), WorldHost()
    operator = an_operator(shelf, host)
    async with at_work(operator):
        await until(lambda: state(shelf, WEB.key) == "Running" and operator.queue.idle(within=60))
        operator.dependencies.rest(DB.key, "test", [WEB.key])
        queued = looked_at(operator)
        operator.queue.add(WEB.key)
        await until(lambda: operator.queue.idle(within=60))
        assert queued == [WEB.key], "there was nothing to do"
        host.world.crash()
        host.news()
        await until(lambda: host.world.starts == 2 and DB.key in queued)


async def test_a_wall_clock_that_is_set_has_everything_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows and schedules wait for a time of day, and would be late by the jump."""
    shelf, host, wall, ahead = Shelf(WEB), WorldHost(), time.time, 0.0
    operator = an_operator(shelf, host)
    monkeypatch.setattr(time, "time", lambda: wall() + ahead)
    async with at_work(operator):
        await until(lambda: state(shelf, WEB.key) == "Running" and operator.queue.idle(within=60))
        queued = looked_at(operator)
        ahead = -3600.0
        await until(lambda: WEB.key in queued)
