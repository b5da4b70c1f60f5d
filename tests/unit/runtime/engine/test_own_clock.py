"""The operator's own time: it stands still in a pause, and nothing comes due in one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from homeostat.runtime.engine.clock import JUMP, PAUSE, READ_FIRST, TICK, OwnClock


class Clocks:
    """The loop's clock and the wall clock, both turned by hand; nothing waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds, self.wall = 1000.0, 1_700_000_000.0
        loop: Any = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "time", lambda: self.seconds)
        monkeypatch.setattr(time, "time", lambda: self.wall)

    def turn(self, seconds: float) -> None:
        self.seconds += seconds
        self.wall += seconds


async def ticks(clocks: Clocks, seconds: float) -> None:
    """As they pass while the loop runs."""
    for _ in range(int(seconds / TICK)):
        clocks.turn(TICK)
        await asyncio.sleep(0)
        await asyncio.sleep(0)


@pytest.fixture
async def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


@pytest.fixture
async def clock(clocks: Clocks) -> AsyncIterator[OwnClock]:
    made = OwnClock()
    with made.ticking():
        yield made


async def test_it_goes_on_while_we_run(clocks: Clocks, clock: OwnClock) -> None:
    began, then = clock.now(), clocks.wall
    await ticks(clocks, 10)
    assert (clock.now() - began, clock.lost) == (10, 0)
    assert clock.put_off(then) == then


async def test_it_stands_still_in_a_pause(clocks: Clocks, clock: OwnClock) -> None:
    began, then = clock.now(), clocks.wall
    await ticks(clocks, 3)
    clocks.turn(100)
    assert clock.now() - began == 3 + TICK, "whoever asks first notices it"
    assert clock.lost == 100 - TICK
    await ticks(clocks, 3)
    assert clock.now() - began == 6 + TICK
    assert clock.put_off(then) == then + 100
    assert clock.put_off(then + 53) == then + 53 + 50, "what began in the middle of it"
    assert clock.put_off(then + 103) == then + 103


async def test_a_busy_loop_is_no_pause(clocks: Clocks, clock: OwnClock) -> None:
    then = clocks.wall
    for _ in range(10):
        clocks.turn(PAUSE)
        clock.now()
    assert clock.lost == 0 and clock.put_off(then) == then


async def test_a_host_that_sleeps_puts_off_what_the_wall_clock_says(clocks: Clocks, clock: OwnClock) -> None:
    """The monotonic clock sleeps as well."""
    began, then = clock.now(), clocks.wall
    clocks.wall += 3600
    await ticks(clocks, 1)
    assert clock.now() - began == 1
    assert clock.put_off(then) == pytest.approx(then + 3600 + TICK)


async def test_a_wall_clock_that_is_set_back_forgets_what_never_was(clocks: Clocks, clock: OwnClock) -> None:
    then = clocks.wall
    clocks.wall += 365 * 86400
    await ticks(clocks, 1)
    clocks.wall -= 365 * 86400
    await ticks(clocks, 10)
    assert clock.put_off(then) == then


async def test_what_was_before_the_wall_clock_was_set_back_is_no_future(clocks: Clocks, clock: OwnClock) -> None:
    then = clocks.wall
    assert clock.even
    await ticks(clocks, 60)
    clocks.wall -= 3600
    await ticks(clocks, 1)
    assert clock.put_off(then) == pytest.approx(clocks.wall - 61, abs=TICK) and not clock.even
    clocks.wall -= 7200
    await ticks(clocks, 1)
    assert clock.put_off(then) == pytest.approx(clocks.wall - 62, abs=2 * TICK), "set back twice"
    assert clock.put_off(clocks.wall - 1) == clocks.wall - 1, "what was since then is where it was"
    assert clock.put_off(then + 86400) == then + 86400, "nobody knows when that was"


async def test_a_wall_clock_that_has_caught_up_moves_nothing(clocks: Clocks, clock: OwnClock) -> None:
    then = clocks.wall
    clocks.wall -= 10
    await ticks(clocks, 11)
    assert clock.even and clock.put_off(then) == then


async def test_a_wall_clock_that_jumps_is_told(clocks: Clocks) -> None:
    jumps: list[float] = []
    clock = OwnClock(lambda: jumps.append(clocks.wall))
    clocks.wall += 3600
    clock.now()
    assert not jumps, "nobody looks at it yet"
    with clock.ticking():
        for wall, seconds in ((JUMP, 0), (100, 100), (-JUMP, 0)):
            clocks.wall += wall
            clocks.seconds += seconds
            await ticks(clocks, 1)
        assert not jumps, "it goes as we do, or nearly"
        for wall in (JUMP + 1, -JUMP - 1):
            clocks.wall += wall
            await ticks(clocks, 1)
        assert len(jumps) == 2


async def test_without_ticking_nobody_knows_of_pauses(clocks: Clocks) -> None:
    clock = OwnClock()
    began = clock.now()
    clocks.turn(100)
    assert (clock.now() - began, clock.lost, clock.put_off(7.0)) == (100, 0, 7.0)


async def test_a_limit_holds_while_we_run(clocks: Clocks, clock: OwnClock) -> None:
    never = asyncio.Event()

    async def wait() -> None:
        async with clock.within(2):
            await never.wait()

    waiting = asyncio.ensure_future(wait())
    await ticks(clocks, 1.75)
    assert not waiting.done()
    await ticks(clocks, 2)
    await asyncio.wait({waiting})
    assert isinstance(waiting.exception(), TimeoutError)


async def test_a_limit_ends_at_its_very_moment(clocks: Clocks) -> None:
    clock = OwnClock()

    async def wait() -> None:
        async with clock.within(2):
            await asyncio.Event().wait()

    waiting = asyncio.ensure_future(wait())
    await asyncio.sleep(0)
    clocks.turn(2)
    for _ in range(4 * READ_FIRST):
        await asyncio.sleep(0)
    assert waiting.done() and isinstance(waiting.exception(), TimeoutError)


async def test_a_limit_does_not_count_a_pause(clocks: Clocks, clock: OwnClock) -> None:
    answered = asyncio.Event()

    async def wait() -> str:
        async with clock.within(2):
            await answered.wait()
        return "heard"

    waiting = asyncio.ensure_future(wait())
    await ticks(clocks, 0.5)
    clocks.turn(100)
    await ticks(clocks, 1)
    assert not waiting.done()
    answered.set()
    assert await waiting == "heard"


async def test_an_answer_that_waited_is_read_before_its_limit_is_judged(clocks: Clocks) -> None:
    """Also where we are late by less than a pause, and it takes some rounds to read it."""
    clock = OwnClock()

    async def wait() -> str:
        async with clock.within(2):
            for _ in range(4):
                await asyncio.sleep(0)
                if clocks.seconds == 1000.0:
                    clocks.turn(100)
        return "heard"

    assert await asyncio.ensure_future(wait()) == "heard"


async def test_what_passes_while_nobody_looks_at_the_clocks_is_no_pause(clocks: Clocks) -> None:
    """A loop has ended, and the next one begins later."""
    clock, then = OwnClock(), clocks.wall
    with clock.ticking():
        await ticks(clocks, 1)
    clocks.turn(100)
    assert clock.lost == 0 and clock.put_off(then) == then


async def test_the_clocks_are_looked_at_no_more_once_that_has_ended(clocks: Clocks, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, looks = OwnClock(), list[float]()
    monkeypatch.setattr(clock, "_read", lambda: looks.append(clocks.seconds))
    with clock.ticking():
        await ticks(clocks, 1)
        assert looks
    known = len(looks)
    await ticks(clocks, 2)
    assert len(looks) == known
