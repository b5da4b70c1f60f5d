"""The work queue: an earlier time stands, failures back off, and a success forgives."""

from __future__ import annotations

import asyncio
import time

from homeostat.runtime.engine.queue import BACKOFF_LONGEST, WorkQueue


async def test_a_delayed_key_comes_when_it_is_due() -> None:
    queue: WorkQueue[str] = WorkQueue()
    start = time.monotonic()
    queue.add("a", after=0.05)
    assert await asyncio.wait_for(queue.get(), 5) == "a"
    assert time.monotonic() - start >= 0.05


async def test_an_earlier_time_replaces_a_later_one_and_not_the_other_way_round() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a", after=3600)
    queue.add("a")
    queue.add("a", after=3600)
    assert await asyncio.wait_for(queue.get(), 1) == "a"
    queue.done("a")
    assert queue.idle()


async def test_a_delayed_key_wakes_a_worker_that_waits_for_a_later_one() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("late", after=3600)
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.add("early")
    assert await asyncio.wait_for(waiting, 1) == "early"


def test_failures_double_the_delay_up_to_a_limit() -> None:
    queue: WorkQueue[str] = WorkQueue()
    delays = [queue.retry("a") for _ in range(12)]
    assert delays[:5] == [1, 2, 4, 8, 16]
    assert delays[-1] == BACKOFF_LONGEST


def test_a_success_starts_the_backoff_anew() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.retry("a")
    queue.retry("a")
    queue.forgive("a")
    assert queue.retry("a") == 1
