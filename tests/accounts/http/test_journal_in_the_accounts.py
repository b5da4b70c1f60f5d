"""What is done to resources comes into the audit of the accounts: how it ended, too, be it a deed later."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from homeostat.accounts.actor import Actor
from homeostat.accounts.database.database import sqlite_url
from homeostat.accounts.errors import DatabaseBusy
from homeostat.accounts.rights import Right
from homeostat.service.journal import Deed
from homeostat_api.accounts.journal import AccountsJournal
from homeostat_api.accounts.lookup import AccountsLookup

BOB = Actor("session", name="bob", rights=frozenset(Right), address="192.0.2.1")
DEED = Deed("delete", "Disk", "data", "default", "it was old")


@pytest.fixture
async def lookup(people: Path, tmp_path: Path) -> AsyncIterator[AccountsLookup]:
    found = AccountsLookup(sqlite_url(Path(shutil.copy(people, tmp_path))))
    yield found
    found.close()


async def told(lookup: AccountsLookup) -> list[tuple[str, ...]]:
    entries = (await lookup.reception()).audit.search()
    return [(e.by.account, e.by.address, e.act.verb, e.act.kind, e.act.name, e.act.outcome, e.act.message) for e in entries]


async def test_a_deed_that_ended(lookup: AccountsLookup) -> None:
    journal, before = AccountsJournal(lookup), len(await _all(lookup))
    begun = await journal.begin(BOB, DEED)
    assert begun is not None and len(await _all(lookup)) == before, "it has not ended"
    await journal.end(begun, BOB, DEED, "Refused")
    assert (await told(lookup))[0] == ("bob", "192.0.2.1", "delete", "Disk", "data", "Refused", "it was old")


async def _all(lookup: AccountsLookup) -> list[object]:
    await lookup.there_are_some()
    return list((await lookup.reception()).audit.search())


async def test_an_end_that_could_not_be_noted_is_noted_before_the_next_deed(
    lookup: AccountsLookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = AccountsJournal(lookup)
    begun = await journal.begin(BOB, DEED)
    assert begun is not None
    deeds = (await lookup.reception()).deeds
    with monkeypatch.context() as patched:

        def busy(*_: object) -> None:
            raise DatabaseBusy("it is locked")

        patched.setattr(deeds, "end", busy)
        with pytest.raises(DatabaseBusy):
            await journal.end(begun, BOB, DEED, "Done")
        with pytest.raises(DatabaseBusy):
            await journal.begin(BOB, Deed("create", "Disk", "next", "default"))
    before = len(await _all(lookup))
    for _ in range(2):
        assert await journal.begin(BOB, Deed("create", "Disk", "next", "default")) is not None
        assert len(await _all(lookup)) == before + 1, "once"
    assert (await told(lookup))[0][4:6] == ("data", "Done")


async def test_without_accounts_there_is_none(tmp_path: Path) -> None:
    lookup = AccountsLookup(sqlite_url(tmp_path / "none.db"))
    assert await AccountsJournal(lookup).begin(BOB, DEED) is None and not list(tmp_path.iterdir())
    lookup.close()


async def test_after_its_end_nothing_is_asked_of_the_accounts(lookup: AccountsLookup) -> None:
    lookup.close()
    with pytest.raises(RuntimeError, match="after shutdown"):
        await lookup.run(int)
