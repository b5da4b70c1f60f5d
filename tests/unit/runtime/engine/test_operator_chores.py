"""What an operator does beside its reconciles: images are cleared away, the trash is emptied, and both with care."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from homeostat.assembly import job as jobs
from homeostat.models.machine import VirtualMachine
from homeostat.planner.files.trash import TrashedDisk, TrashEntry
from homeostat.planner.plan import Stalled
from homeostat.runtime.engine.ports import StoreFailure
from homeostat.runtime.engine.supervise import STATE, TAKING_IN
from tests.unit.machines import machine
from tests.unit.operating import Shelf, WorldHost, an_operator, at_work, until
from tests.unit.runtime.engine.test_operator_slows_the_restless import REST, Scripted

IMAGE = {"url": "https://example.org/debian.qcow2"}
WEB = machine(disks=[{"name": "root", "image": IMAGE}])
OLD = TrashEntry("old", "default", "gone", "uid-gone", "deleted", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z",
                 disks=(TrashedDisk("data", "/state/x", 1, 1, None),))  # fmt: skip


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PRUNE_EVERY", "TRASH_EVERY", "TRASH_POLL_SECONDS"):
        monkeypatch.setattr(jobs, name, 0.005)


async def test_images_that_machines_name_are_kept(often: None) -> None:
    shelf, host = Shelf(WEB), WorldHost()
    async with at_work(an_operator(shelf, host)):
        await until(lambda: len(host.pruned) > 1)
    assert all(len(used) == 1 and IMAGE["url"] in next(iter(used)) for used in host.pruned)


async def test_none_is_cleared_away_while_a_machine_is_not_known_yet(often: None) -> None:
    shelf, host = Shelf(WEB), WorldHost()
    stuck = Scripted(StoreFailure("later"))
    operator = an_operator(shelf, host, reconcilers={VirtualMachine: stuck})
    rounds: list[bool] = []
    knows = operator._images.knows

    def asked(keys: Any) -> bool:
        rounds.append(knows(keys))
        return rounds[-1]

    operator._images.knows = asked  # type: ignore[method-assign]
    async with at_work(operator):
        await until(lambda: len(rounds) > 3)
    assert not any(rounds) and host.pruned == []


@pytest.mark.parametrize("why", ["rival", "teardown"])
async def test_none_is_cleared_away_beside_a_rival_or_while_machines_are_taken_away(often: None, why: str) -> None:
    shelf, host = Shelf(WEB), WorldHost()
    host.world.obedient = False
    operator = an_operator(shelf, host, teardown=why == "teardown")
    if why == "rival":
        operator.rivals.found = Stalled("OtherOperator", "another one is here")
    async with at_work(operator):
        trash: list[int] = []
        host.changed = lambda uuid: None
        await until(lambda: trash.append(1) or len(trash) > 30)  # type: ignore[func-returns-value]
        assert operator.supervisor.deaths("prune-images") == operator.supervisor.deaths("empty-trash") == 0
    assert host.pruned == []


async def test_another_operator_of_our_identity_is_told_of_once_and_by_every_machine(caplog: pytest.LogCaptureFixture) -> None:
    shelf, host = Shelf(WEB), WorldHost()
    operator = an_operator(shelf, host, name="far ")
    async with at_work(operator):
        await until(lambda: host.world.starts == 1 and operator.queue.idle(within=60))
        assert host.world.domain and host.world.domain.record
        rival = replace(host.world.domain.record, writer="2.2.other@there:/state", written_at="2999-01-01T00:00:00Z")
        host.world.domain.record = rival
        host.news()
        await until(lambda: (WEB.key, "Failed") in shelf.told)
        assert [failing.task for failing in operator.supervisor.failing] == ["far acting"]
    said = [record.getMessage() for record in caplog.records if "another operator" in record.getMessage()]
    assert len(said) == 1


async def test_a_failure_of_the_cache_ends_nothing(often: None) -> None:
    shelf, host = Shelf(WEB), WorldHost()
    tried: list[int] = []

    async def broken(used: object) -> list[str]:
        tried.append(1)
        raise StoreFailure("the cache cannot be read")

    host.prune_images = broken  # type: ignore[method-assign, assignment]
    operator = an_operator(shelf, host)
    async with at_work(operator):
        await until(lambda: len(tried) > 2)
    assert operator.supervisor.failing == []


async def test_trash_that_is_over_its_time_is_erased_and_that_is_told(often: None) -> None:
    shelf, host = Shelf(WEB), WorldHost()
    host.aside = [OLD, replace(OLD, entry="new", until="2999-01-01T00:00:00Z")]
    async with at_work(an_operator(shelf, host)):
        await until(lambda: len(host.aside) == 1)
    assert [entry.entry for entry in host.aside] == ["new"]
    assert [reason for key, reason in shelf.told if key.name == "gone"] == ["TrashErased"]


@pytest.mark.parametrize("blind", [TAKING_IN, STATE, "not taken in", "teardown", "others"])
async def test_trash_stays_while_it_is_not_known_what_is_desired_or_not_ours_to_empty(often: None, blind: str) -> None:
    shelf, host = Shelf(), WorldHost()
    host.aside = [OLD]
    looks: list[int] = []

    def taken_in() -> bool:
        looks.append(1)
        return blind != "not taken in"

    others = {VirtualMachine: Scripted(REST)} if blind == "others" else {}
    operator = an_operator(shelf, host, taken_in=taken_in, teardown=blind == "teardown", reconcilers=others)
    if blind in (TAKING_IN, STATE):
        operator.supervisor.failed(blind, StoreFailure("the folder cannot be read"))
    turns: list[int] = []
    async with at_work(operator):
        await until(lambda: turns.append(1) or len(turns) > 20)  # type: ignore[func-returns-value]
        assert host.aside == [OLD]
        if blind in (TAKING_IN, STATE):
            operator.supervisor.recovered(blind)
            await until(lambda: host.aside == [])


async def test_taking_all_away_ends_by_itself_and_makes_nothing_anew() -> None:
    shelf, host = Shelf(WEB), WorldHost()
    async with at_work(an_operator(shelf, host)):
        await until(lambda: host.world.starts == 1)
    async with asyncio.timeout(10):
        await an_operator(shelf, host, teardown=True).run(asyncio.Event())
    assert host.world.domain is None and host.world.starts == 1 and WEB.key in shelf.resources


async def test_progress_of_an_image_wakes_those_that_name_it_and_the_more_there_are_the_later() -> None:
    shelf, host = Shelf(WEB), WorldHost()
    operator = an_operator(shelf, host)
    async with at_work(operator):
        await until(lambda: host.world.starts == 1 and operator.queue.idle(within=60))
        image = next(iter(operator._images.in_use()))
        queued: list[tuple[str, float]] = []
        operator.queue.add = lambda key, after=0.0: queued.append((key.name, after))  # type: ignore[method-assign]
        host.image_changed(image, True)
        operator._images.note(machine(name="other").key, ())
        host.image_changed(image, False)
        host.image_changed("another", False)
        for name in ("b", "c"):
            operator._images._named[machine(name=name).key] = frozenset((image,))
        host.image_changed(image, True)
    each = jobs.PROGRESS_EACH
    assert queued == [("web", each), ("web", 0.0), ("web", 3 * each), ("b", 3 * each), ("c", 3 * each)]
