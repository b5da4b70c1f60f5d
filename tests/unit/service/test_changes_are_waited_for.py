"""Whoever waits for a change of the index is woken by it, by the end of the server, or by the clock: nothing looks otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from homeostat.service.changes import Changes

LONG = 3_600.0  # seconds: no test waits for that


class Index:
    """``looks`` counts how often it was asked."""

    def __init__(self) -> None:
        self.now, self.looks, self.stopping = 1, 0, False
        self.broken = False

    def version(self) -> int:
        self.looks += 1
        if self.broken:
            raise OSError("the index cannot be read")
        return self.now

    def changes(self, period: float = 0.0) -> Changes:
        return Changes(self.version, lambda: self.stopping, period)


def on_a_loop(test: Callable[[Index], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        async def bounded() -> None:
            async with asyncio.timeout(30):
                await test(Index())

        asyncio.run(bounded())

    run.__name__ = test.__name__  # type: ignore[attr-defined]
    return run


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def begun(waiting: Any) -> asyncio.Task[int]:
    return asyncio.get_running_loop().create_task(waiting)


@on_a_loop
async def test_what_has_changed_already_is_not_waited_for(index: Index) -> None:
    waiting = begun(index.changes(LONG).wait(0, LONG))
    await turns()
    assert waiting.done() and waiting.result() == 1


@on_a_loop
async def test_a_server_that_stops_lets_nobody_begin_to_wait(index: Index) -> None:
    index.stopping = True
    waiting = begun(index.changes(LONG).wait(1, LONG))
    await turns()
    assert waiting.done() and waiting.result() == 1


@pytest.mark.parametrize("what", ["now", "stopping"])
def test_all_who_wait_are_woken(what: str) -> None:
    @on_a_loop
    async def test(index: Index) -> None:
        changes = index.changes()
        waiting = [begun(changes.wait(1, LONG)) for _ in range(3)]
        await turns()
        assert not any(one.done() for one in waiting)
        setattr(index, what, 2)
        assert await asyncio.gather(*waiting) == [index.now] * 3

    test()


@on_a_loop
async def test_many_who_wait_cost_one_look_at_a_time(index: Index) -> None:
    changes = index.changes(LONG)
    waiting = [begun(changes.wait(1, LONG)) for _ in range(9)]
    await turns()
    assert index.looks == 9, "one each, as they began"
    assert len(asyncio.all_tasks()) == 1 + 9 + 1
    for one in waiting:
        one.cancel()


@on_a_loop
async def test_nothing_looks_once_nobody_waits(index: Index) -> None:
    changes = index.changes(0.02)  # so that whoever looks once more is seen to sleep
    for number in (1, 2):  # and it begins again
        assert await changes.wait(number, 0) == number
        waiting = begun(changes.wait(number, LONG))
        await turns()
        index.now = number + 1
        assert await waiting == number + 1
        await turns()
        assert asyncio.all_tasks() == {asyncio.current_task()}


@on_a_loop
async def test_who_waits_again_is_woken_again(index: Index) -> None:
    changes = index.changes()
    for number in (1, 2, 3):
        waiting = begun(changes.wait(number, LONG))
        await turns()
        assert not waiting.done()
        index.now = number + 1
        assert await waiting == number + 1


@on_a_loop
async def test_an_index_that_fails_is_met_by_those_who_wait(index: Index) -> None:
    waiting = begun(index.changes().wait(1, LONG))
    await turns()
    index.broken = True
    with pytest.raises(OSError, match="cannot be read"):
        await waiting
