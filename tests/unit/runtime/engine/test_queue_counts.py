"""What the queue says of itself: how much waits, how much is due, and whether anything is to come."""

from __future__ import annotations

import asyncio

from homeostat.runtime.engine.queue import BACKOFF_FIRST, WorkQueue


async def test_what_is_due_is_counted_apart_from_what_waits() -> None:
    queue: WorkQueue[str] = WorkQueue()
    assert (len(queue), queue.depth()) == (0, 0)
    for key in "abc":
        queue.add(key)
    queue.add("later", after=3600)
    assert (len(queue), queue.depth()) == (4, 3)
    key = await queue.get()
    assert (len(queue), queue.depth()) == (4, 2)  # one is being worked on
    queue.add(key)
    assert (len(queue), queue.depth()) == (5, 3)
    queue.done(key)
    assert (len(queue), queue.depth()) == (4, 3)


async def test_idle_looks_as_far_ahead_as_it_is_asked_to() -> None:
    queue: WorkQueue[str] = WorkQueue()
    assert queue.idle() and queue.idle(within=3600)
    queue.add("later", after=60)
    assert queue.idle() and queue.idle(within=30) and not queue.idle(within=90)
    queue.add("now")
    assert not queue.idle()
    key = await queue.get()
    assert not queue.idle()  # it is being worked on
    queue.done(key)
    assert queue.idle() and not queue.idle(within=90)


async def test_a_retry_comes_after_its_delay_and_news_sooner() -> None:
    queue: WorkQueue[str] = WorkQueue()
    assert queue.retry("a") == BACKOFF_FIRST
    assert queue.idle() and not queue.idle(within=2 * BACKOFF_FIRST)
    queue.add("a")
    assert await asyncio.wait_for(queue.get(), 5) == "a"
    assert len(queue) == 1  # once only


async def test_each_key_backs_off_by_itself() -> None:
    queue: WorkQueue[str] = WorkQueue()
    assert [queue.retry("a"), queue.retry("a"), queue.retry("b")] == [1, 2, 1]
    queue.forgive("none such")
    queue.forgive("b")
    assert [queue.retry("a"), queue.retry("b")] == [4, 1]


async def test_keys_come_in_the_order_in_which_they_are_due() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("third", after=0.02)
    queue.add("second", after=0.01)
    queue.add("first")
    assert [await asyncio.wait_for(queue.get(), 5) for _ in range(3)] == ["first", "second", "third"]


async def test_one_that_waits_for_work_is_woken_by_the_end_of_work() -> None:
    """The key was added while it was worked on, and nothing else is to come."""
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    assert await queue.get() == "a"
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.add("a", after=0.01)
    await asyncio.sleep(0.02)
    assert not waiting.done()
    queue.done("a")
    assert await asyncio.wait_for(waiting, 5) == "a"


async def test_a_key_that_was_moved_forward_comes_once() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a", after=0.02)
    queue.add("a")
    assert await queue.get() == "a"
    queue.done("a")
    waiting = asyncio.create_task(queue.get())
    done, _ = await asyncio.wait({waiting}, timeout=0.05)
    assert not done and queue.idle(within=3600)
    waiting.cancel()
