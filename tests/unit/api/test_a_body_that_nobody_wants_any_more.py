"""What is wrong with a body whose request has ended meanwhile, as with its session, is no failure of the server."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from homeostat.driver.storage.images.local import in_thread
from tests.unit.api.test_bodies_past_the_event_loop import Connection, body_of

Run = Callable[[Callable[..., None]], Awaitable[None]]


async def unattended(run: Run) -> list[Any]:
    """Gives up while work is done in a thread, which then fails. Returns what nobody looked after."""
    loop, begun, given_up = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    found: list[Any] = []
    loop.set_exception_handler(lambda _, context: found.append(context.get("exception")))

    def work(*_: Any) -> None:
        loop.call_soon_threadsafe(begun.set)
        given_up.wait()
        raise ValueError("no image")

    asked = asyncio.ensure_future(run(work))
    await begun.wait()
    asked.cancel()
    loop.call_soon(given_up.set)
    await asyncio.wait([asked])
    assert asked.cancelled()
    del asked
    gc.collect()  # only what is gone is complained of
    return found


async def test_one_that_a_thread_reads_from_its_socket() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert await unattended(body_of(Connection(ours, b""), 4).run) == []


async def test_one_that_a_thread_writes_down() -> None:
    assert await unattended(in_thread) == []
