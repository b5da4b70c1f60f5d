"""The work queue: keys are deduplicated, and a key is never worked on twice at once."""

from __future__ import annotations

import asyncio

from homeostat.runtime.engine.queue import WorkQueue


async def test_a_key_added_twice_comes_once() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    queue.add("a")
    assert await queue.get() == "a"
    queue.done("a")
    assert len(queue) == 0


async def test_a_key_added_while_it_is_worked_on_comes_again_afterwards() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    await queue.get()
    queue.add("a")
    second = asyncio.create_task(queue.get())
    done, _ = await asyncio.wait({second}, timeout=0.05)
    assert not done, "handed out while it was still being worked on"
    queue.done("a")
    assert await asyncio.wait_for(second, 1) == "a"


async def test_other_keys_go_on_meanwhile() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    queue.add("b")
    assert {await queue.get(), await queue.get()} == {"a", "b"}


async def test_many_workers_handle_every_key_and_never_one_twice_at_once() -> None:
    queue: WorkQueue[int] = WorkQueue()
    active: set[int] = set()
    handled: list[int] = []
    complete = asyncio.Event()

    async def work() -> None:
        while True:
            key = await queue.get()
            assert key not in active
            active.add(key)
            await asyncio.sleep(0)
            if handled.count(key) == 0:
                queue.add(key)  # every key wants a second round
            handled.append(key)
            if len(handled) == 100:
                complete.set()
            active.discard(key)
            queue.done(key)

    workers = [asyncio.create_task(work()) for _ in range(8)]
    for key in range(50):
        queue.add(key)
    await asyncio.wait_for(complete.wait(), 5)
    for worker in workers:
        worker.cancel()
    assert sorted(handled) == sorted([*range(50), *range(50)])
