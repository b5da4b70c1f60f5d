"""A call that QEMU does not answer in time is given up, and nothing else is asked of that QEMU until it ends."""

from __future__ import annotations

import asyncio

import pytest

from homeostat.driver.domains.hung import Hung
from homeostat.driver.errors import DriverError, NotAnswering

SOON = 0.01  # seconds


class Qemu:
    def __init__(self) -> None:
        self.answers, self.called = asyncio.Event(), asyncio.Event()
        self.asked = 0

    async def ask(self, error: str = "") -> str:
        self.asked += 1
        self.called.set()
        await self.answers.wait()
        if error:
            raise DriverError(error)
        return "done"


async def test_what_is_answered_is_returned_or_raised() -> None:
    qemu, hung = Qemu(), Hung(lambda uuid: None)
    qemu.answers.set()
    assert await hung.answered("a", qemu.ask()) == "done"
    with pytest.raises(DriverError, match="no room"):
        await hung.answered("a", qemu.ask("no room"))
    hung.check("a")


@pytest.mark.parametrize("error", ["", "no room"])
async def test_nothing_more_is_asked_until_it_answers(error: str) -> None:
    late: asyncio.Queue[str] = asyncio.Queue()
    qemu, hung = Qemu(), Hung(late.put_nowait)
    with pytest.raises(NotAnswering, match="`homeostat stop --force`"):
        await hung.answered("a", qemu.ask(error), SOON)
    with pytest.raises(NotAnswering):
        await hung.answered("a", qemu.ask(), SOON)
    with pytest.raises(NotAnswering):
        hung.check("a")
    hung.check("b")
    assert qemu.asked == 1 and late.empty()
    qemu.answers.set()
    assert await late.get() == "a"
    hung.check("a")
    assert await hung.answered("a", qemu.ask(), SOON) == "done"


async def test_a_caller_that_is_cancelled_ends_the_call() -> None:
    qemu, hung = Qemu(), Hung(lambda uuid: None)
    caller = asyncio.create_task(hung.answered("a", qemu.ask()))
    await qemu.called.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    hung.check("a")
