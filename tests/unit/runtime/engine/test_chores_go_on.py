"""A chore waits before its first round, and after each round as long as that says; a round that fails ends nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from homeostat.driver.errors import DriverError
from homeostat.runtime.engine import chores
from homeostat.runtime.engine.chores import Chore
from homeostat.runtime.engine.ports import StoreFailure


class Enough(Exception):
    """So many rounds will do."""


async def test_how_long_it_waits(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    done: list[str | float] = []

    async def sleep(seconds: float) -> None:
        done.append(seconds)

    def rounds() -> Iterator[float | Exception | None]:
        yield from (None, 7.0, 0.0, StoreFailure("it is locked"), DriverError("no libvirt"), Enough())

    told = rounds()

    async def run() -> float | None:
        done.append("round")
        match next(told):
            case Exception() as error:
                raise error
            case wait:
                return wait

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with caplog.at_level("INFO", chores.log.name), pytest.raises(Enough):
        await Chore("tidy", 60.0, run, "not tidied", first=5.0).keep()
    assert done == [5.0, "round", 60.0, "round", 7.0, "round", 0.0, "round", 60.0, "round", 60.0, "round"]
    assert [record.getMessage() for record in caplog.records] == ["not tidied: it is locked", "not tidied: no libvirt"]
