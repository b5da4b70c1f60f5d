"""Which signals end a program that runs on: one that comes twice at once, as GNU timeout sends it, is one."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from homeostat.cli import ending

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _handlers_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in ENDING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


async def asked_for(*moments: tuple[signal.Signals, ...], pause: float) -> int:
    """Returns how often it was asked to end by these signals, with a pause after each moment's."""
    asked = list[str]()
    ending.end_by_signals(lambda: asked.append(""), asyncio.Event())
    for numbers in moments:
        for number in numbers:
            os.kill(os.getpid(), number)
        await asyncio.sleep(pause)
    return len(asked)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_two_at_once_are_one(number: signal.Signals) -> None:
    assert await asked_for((number,), (number,), pause=0.01) == 1


async def test_two_that_differ_are_two() -> None:
    assert await asked_for((signal.SIGTERM, signal.SIGINT), pause=0.01) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_second_one_counts(number: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "ONE", 0.01)
    assert await asked_for((number,), (number,), pause=0.03) == 2
