"""What an operator is given to do is done: its reconciles, its jobs, and what is to hear of resources that come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from homeostat.models.base import Key
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.runtime.engine.operator import Operator
from homeostat.runtime.engine.reconciler import GONE, Next
from homeostat.runtime.engine.supervise import Supervisor
from homeostat.runtime.metrics import OperatorMetrics
from tests.unit.machines import machine
from tests.unit.operating import Shelf, until
from tests.unit.runtime.engine.test_operator_slows_the_restless import Scripted

WEB, DB = machine(), machine(name="db")


def taking_up(shelf: Shelf, reconciler: Any, **given: Any) -> Operator:
    store: Any = shelf
    operator = Operator(store)
    operator.take_up({VirtualMachine: reconciler}, **given)
    return operator


@contextmanager
def delays(operator: Operator) -> Iterator[list[tuple[Key, float]]]:
    """Yields what is queued meanwhile, and after how long."""
    found: list[tuple[Key, float]] = []
    add = operator.queue.add
    operator.queue.add = lambda key, after=0.0: found.append((key, after))  # type: ignore[method-assign]
    yield found
    operator.queue.add = add  # type: ignore[method-assign]


async def running(operator: Operator, condition: Any) -> None:
    stop = asyncio.Event()
    task = asyncio.create_task(operator.run(stop))
    try:
        await until(condition)
    finally:
        stop.set()
        await task


def test_what_counts_and_who_watches_is_what_it_was_given() -> None:
    store: Any = Shelf()
    metrics, supervisor = OperatorMetrics(), Supervisor()
    given = Operator(store, metrics, supervisor)
    assert given.metrics is metrics and given.supervisor is supervisor


async def test_its_jobs_run_beside_its_reconciles() -> None:
    ran: list[str] = []

    async def job() -> None:
        ran.append("job")
        await asyncio.Event().wait()

    reconciler = Scripted(Next())
    await running(taking_up(Shelf(WEB), reconciler, jobs={"poll": job}), lambda: ran and reconciler.looks)
    await running(taking_up(Shelf(WEB), Scripted(Next())), lambda: True)


async def test_it_is_noticed_once_when_a_resource_comes_and_once_when_it_goes() -> None:
    noticed: list[int] = []
    shelf, reconciler = Shelf(WEB), Scripted(Next())
    operator = taking_up(shelf, reconciler, noticed=lambda: noticed.append(len(operator.seen)))
    await running(operator, lambda: reconciler.looks)
    assert noticed == [1] and operator.looked_at == {WEB.key}
    operator.resource_changed(WEB.key)
    assert noticed == [1], "it is known already"
    shelf.drop(WEB.key)
    await running(operator, lambda: reconciler.forgotten)
    assert noticed == [1, 0] and reconciler.forgotten == [WEB.key] and operator.looked_at == frozenset()


async def test_what_let_itself_go_is_forgotten() -> None:
    reconciler = Scripted(GONE)
    operator = taking_up(Shelf(WEB), reconciler)
    await running(operator, lambda: reconciler.forgotten)
    assert reconciler.forgotten == [WEB.key] and operator.seen == set() and operator.looked_at == frozenset()


@pytest.mark.parametrize("many", [True, False])
async def test_what_stands_for_many_waits_for_more_events(many: bool) -> None:
    reconciler = Scripted(Next())
    reconciler.looks_at_many = many
    operator = taking_up(Shelf(WEB), reconciler)
    await running(operator, lambda: operator.looked_at)
    with delays(operator) as queued:
        operator.resource_changed(WEB.key)
        operator.resource_changed(DB.key)
    assert [key for key, _ in queued] == [WEB.key, DB.key]
    assert (queued[0][1] > 0.0) is many and queued[1][1] == 0.0, "one that is new does not wait"


def test_a_change_wakes_what_rests_on_it_and_whom_the_wakers_name() -> None:
    image = Key(Image.KIND, "default", "debian")
    operator = taking_up(Shelf(), Scripted(Next()), wakers=[lambda key: [DB.key] if key == image else []])
    operator.dependencies.rest(WEB.key, "images", [image])
    with delays(operator) as queued:
        operator.resource_changed(image)  # no reconcile of its own here
        assert operator.changed(image) and not operator.changed(WEB.key)
    assert [key for key, _ in queued] == [WEB.key, DB.key, WEB.key]
    operator.seen = {WEB.key, image}
    with delays(operator) as queued:
        operator.look_at_all()
    assert queued == [(WEB.key, 0.0)]
