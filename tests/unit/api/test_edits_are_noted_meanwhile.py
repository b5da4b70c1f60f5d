"""What is edited past the API is taken into the audit whenever something was written; what hinders that is told once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import pytest

from homeostat.accounts.errors import DatabaseBusy
from homeostat.store.errors import StoreError
from homeostat_api.accounts import edits as module
from homeostat_api.accounts.edits import NoteEdits

T = TypeVar("T")
Look = int | Exception | None  # what one look meets: the version of the index; what fails; None: no accounts


class House:
    """The accounts and the index of a server. Nobody looks any more after the last look."""

    def __init__(self, *looks: Look) -> None:
        self._looks = list(looks)
        self._looked = -1
        self.taken: list[int] = []  # by which looks
        self.trouble: Exception | None = None  # of what is taken; once
        self.edits = self

    async def there_are_some(self) -> bool:
        self._looked += 1
        if self._looked == len(self._looks):
            raise asyncio.CancelledError
        if isinstance(found := self._looks[self._looked], Exception):
            raise found
        return found is not None

    async def reception(self) -> House:
        return self

    async def run(self, work: Callable[[], T]) -> T:
        return work()

    def data_version(self) -> int:
        found = self._looks[self._looked]
        assert isinstance(found, int)
        return found

    def take_from(self, index: object) -> int:
        assert index is self
        if self.trouble is not None:
            trouble, self.trouble = self.trouble, None
            raise trouble
        self.taken.append(self._looked)
        return 1


async def followed(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK", 0)
    with suppress(asyncio.CancelledError):
        await NoteEdits(house, house).follow()


@pytest.mark.parametrize(
    ("looks", "taken"),
    [
        ((0, 0, 0), [0]),
        ((1, 1, 2, 2, 1), [0, 2, 4]),
        ((None, None, 1, 1), [2]),
        ((1, None, 1), [0, 2]),
        ((1, DatabaseBusy("locked"), 1, 2), [0, 3]),
        ((StoreError("gone"), 1), [1]),
    ],
    ids=["nothing written", "written", "no accounts at first", "none meanwhile", "trouble", "trouble at first"],
)
async def test_when_edits_are_taken(looks: tuple[Look, ...], taken: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(*looks)
    await followed(house, monkeypatch)
    assert house.taken == taken


async def test_what_could_not_be_taken_is_taken_at_the_next_look(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(1, 1, 1)
    house.trouble = DatabaseBusy("locked")
    await followed(house, monkeypatch)
    assert house.taken == [1]


async def test_a_trouble_is_told_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    locked, gone = DatabaseBusy("locked"), StoreError("gone")
    await followed(House(locked, locked, gone, gone, locked, 1, 1, locked, locked), monkeypatch)
    told = "edits of others are not in the audit yet: "
    assert [record.getMessage() for record in caplog.records] == [
        f"{told}{what}" for what in ("locked", "gone", "locked", "locked")
    ]


async def test_it_rests_between_two_looks() -> None:
    house: Any = House(1, 2, 3)
    following = asyncio.create_task(NoteEdits(house, house).follow())
    for _ in range(5):
        await asyncio.sleep(0)
    assert house.taken == [0] and not following.done()
    following.cancel()
    await asyncio.wait({following})
