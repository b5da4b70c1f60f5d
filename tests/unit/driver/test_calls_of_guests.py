"""A guest that hangs keeps whoever asks it waiting for a bounded time, and nobody else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from homeostat.driver.errors import DomainGone
from homeostat.driver.guests.calls import AT_ONCE, GuestCalls, GuestHangs


@pytest.fixture
def hang() -> Iterator[threading.Event]:
    """A call that waits until this is set."""
    event = threading.Event()
    yield event
    event.set()


async def test_what_is_asked_is_answered() -> None:
    calls = GuestCalls()
    assert await calls.call("a", lambda: 7) == 7

    def gone() -> None:
        raise DomainGone("gone")

    with pytest.raises(DomainGone):
        await calls.call("a", gone)
    many = [calls.call("a", lambda: 7) for _ in range(4 * AT_ONCE)]
    assert await asyncio.gather(*many) == [7] * 4 * AT_ONCE, "as many as look at one guest ask it at once when it begins again"


async def test_it_hangs(hang: threading.Event) -> None:
    calls, dropped = GuestCalls(within=0.01), threading.Event()

    def late() -> str:
        hang.wait(30)
        return "late"

    for _ in range(AT_ONCE):
        with pytest.raises(GuestHangs, match=r"nothing answers within .* its QEMU or libvirtd hangs"):
            await calls.call("a", late, lambda found: dropped.set() if found == "late" else None)
    with pytest.raises(GuestHangs, match=r"nothing answers within .* its QEMU or libvirtd hangs"):
        await calls.call("a", lambda: pytest.fail("it has no thread for this"))
    assert await GuestCalls().call("b", lambda: 7) == await calls.call("b", lambda: 7) == 7
    hang.set()
    assert await asyncio.to_thread(dropped.wait, 10), "what came after all is let go of"
    calls._within = 10.0  # the threads come back in their own time
    assert await calls.call("a", lambda: 7) == 7


async def test_whoever_goes_does_not_keep_what_comes(hang: threading.Event) -> None:
    calls, dropped = GuestCalls(), threading.Event()
    waiting = asyncio.create_task(calls.call("a", lambda: hang.wait(30), lambda _: dropped.set()))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    hang.set()
    assert await asyncio.to_thread(dropped.wait, 10)
