"""Guests that do not answer keep neither those that do waiting, nor more of us than they may."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from homeostat.driver.guests.turns import GuestTurns, Patience


async def entered(turns: GuestTurns, guest: str) -> AsyncExitStack:
    async with AsyncExitStack() as held:
        await held.enter_async_context(turns.alone(guest))
        await held.enter_async_context(turns.slot(guest))
        return held.pop_all()


async def pending(turns: GuestTurns, guest: str) -> asyncio.Task[AsyncExitStack]:
    """It has come as far as it gets now."""
    task = asyncio.create_task(entered(turns, guest))
    for _ in range(5):
        await asyncio.sleep(0)
    return task


async def test_silent_guests_leave_room_for_the_others() -> None:
    turns = GuestTurns(5, 3)
    for guest in "abcd":
        turns.heard(guest, False)
    hanging = [await pending(turns, guest) for guest in "abcd"]
    assert [task.done() for task in hanging] == [True, True, True, False]
    for guest in ("good", "also good"):
        assert (await pending(turns, guest)).done()
    await hanging[0].result().aclose()
    assert (await asyncio.wait_for(hanging[3], 5)) is not None


async def test_one_that_answers_again_is_like_the_others() -> None:
    turns = GuestTurns(5, 1)
    turns.heard("a", False)
    turns.heard("b", False)
    turns.heard("b", True)
    assert (await pending(turns, "a")).done() and (await pending(turns, "b")).done()


async def test_a_guest_is_asked_one_thing_at_a_time() -> None:
    turns = GuestTurns(5, 3)
    first, second = await pending(turns, "a"), await pending(turns, "a")
    assert first.done() and not second.done()
    await first.result().aclose()
    await asyncio.wait_for(second, 5)


async def test_who_gives_up_while_waiting_holds_nothing() -> None:
    turns = GuestTurns(1, 1)
    holder = await entered(turns, "a")
    waiting = await pending(turns, "b")
    waiting.cancel()
    await asyncio.wait({waiting})
    await holder.aclose()
    assert (await pending(turns, "b")).done()


async def test_patience_runs_out_only_while_it_runs() -> None:
    patience = Patience(0.05)
    async with patience.running():
        pass
    left = patience.left
    await asyncio.sleep(0)
    assert 0 < patience.left == left
    with pytest.raises(TimeoutError):
        async with patience.running():
            await asyncio.Event().wait()
    assert patience.left <= 0
    with pytest.raises(TimeoutError):
        async with patience.running():
            raise AssertionError("it is over")
