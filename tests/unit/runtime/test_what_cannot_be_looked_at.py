"""What could not be looked at twice in a row is Unknown: not what failed once, nor what was looked at and then failed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from homeostat.driver.errors import DriverError
from homeostat.models.base import Key
from homeostat.models.condition import find_condition
from homeostat.models.disk import Disk
from homeostat.runtime.engine.reconciler import Next
from homeostat.runtime.unseen import SaysSo, unknown
from tests.unit.disks import disk
from tests.unit.operating import Shelf

UNSEEN, FAILED, WELL = "cannot be read", "a step failed", ""


class Scripted:
    looks_at_many = True

    def __init__(self, turns: Iterator[str]) -> None:
        self._turns = turns
        self.forgotten: list[Key] = []

    async def reconcile(self, resource: Disk) -> Next:
        why = next(self._turns)
        if why == WELL:
            return Next(moved=True)
        error = DriverError(why)
        error.told = why == FAILED
        raise error

    def forget(self, key: Key) -> None:
        self.forgotten.append(key)


async def turns(*turns: str, forget_after: int = -1) -> tuple[Shelf, list[bool]]:
    """Returns what was written, and of each failure whether it counts as one that the status tells of."""
    one = disk()
    shelf, inner, counted = Shelf(one), Scripted(iter(turns)), []
    reconciler = SaysSo(inner, shelf, unknown)
    assert reconciler.looks_at_many
    for number, why in enumerate(turns):
        found = shelf.resources[one.key]
        assert isinstance(found, Disk)
        if why == WELL:
            assert (await reconciler.reconcile(found)).moved
        else:
            with pytest.raises(DriverError, match=why) as raised:
                await reconciler.reconcile(found)
            counted.append(raised.value.told)
        if number == forget_after:
            reconciler.forget(one.key)
            assert inner.forgotten == [one.key]
    return shelf, counted


def ready(shelf: Shelf) -> tuple[str, str]:
    found = shelf.resources[disk().key]
    assert isinstance(found, Disk)
    one = find_condition(found.status.conditions, "Ready") if found.status else None
    return (one.status, one.message) if one else ("", "")


async def test_twice_in_a_row_is_said_once() -> None:
    shelf, counted = await turns(UNSEEN, UNSEEN, UNSEEN)
    assert ready(shelf) == ("Unknown", UNSEEN) and len(shelf.statuses) == 1
    assert counted == [False, True, True]


@pytest.mark.parametrize("between", [WELL, FAILED])
async def test_once_is_nothing(between: str) -> None:
    shelf, _ = await turns(UNSEEN, between, UNSEEN, between)
    assert ready(shelf) == ("", "") and not shelf.statuses


async def test_what_has_gone_is_forgotten() -> None:
    shelf, _ = await turns(UNSEEN, UNSEEN, forget_after=0)
    assert not shelf.statuses
