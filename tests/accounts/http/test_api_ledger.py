"""The API charges accounts: after one count of what is there, and after another one before anybody is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.database import Database, sqlite_url
from homeostat.accounts.measures import Measure
from homeostat.accounts.passwords import Passwords
from homeostat.accounts.quotas import Quotas
from homeostat.accounts.rights import Role
from homeostat.models.base import Key
from homeostat.service.refusals import OverQuota
from homeostat.service.usage import CountedUsage
from homeostat.store.errors import StoreError
from homeostat_api.accounts import ledger as module
from homeostat_api.accounts.ledger import AccountsLedger
from homeostat_api.accounts.lookup import AccountsLookup

ONE = {Measure.MACHINES: 1}


def vm(name: str) -> Key:
    return Key("VirtualMachine", "default", name)


@dataclass
class Count:
    """What there is."""

    there: set[str] = field(default_factory=set)
    counts: int = 0
    broken: bool = False
    gate: asyncio.Event | None = None  # a count waits for it

    async def __call__(self) -> CountedUsage:
        self.counts += 1
        await asyncio.sleep(0)
        if self.gate is not None:
            await self.gate.wait()
        if self.broken:
            raise StoreError("it cannot be read")
        return CountedUsage("default", frozenset({"VirtualMachine"}), {"bob": {vm(name): ONE for name in self.there}})


@pytest.fixture
def count() -> Count:
    return Count()


@pytest.fixture
async def ledger(tmp_path: Path, count: Count, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AccountsLedger]:
    monkeypatch.setattr(module, "LEAST", 0.0)
    url = sqlite_url(tmp_path / "accounts.db")
    database = Database.open(url)
    accounts = Accounts(database, Passwords(iterations=1, memory=8))
    accounts.add("root", Role.ADMINISTRATOR)
    accounts.add("bob")
    Quotas(database).set("bob", {Measure.MACHINES: 2})
    database.close()
    lookup = AccountsLookup(url)
    ledger = AccountsLedger(lookup)
    ledger.counted_by(count)
    yield ledger
    lookup.close()


async def make(ledger: AccountsLedger, name: str) -> bool:
    try:
        async with ledger.charging("bob", vm(name), ONE):
            return True
    except OverQuota:
        return False


async def test_what_was_there_before_is_counted_once_for_all_who_ask_at_first(ledger: AccountsLedger, count: Count) -> None:
    count.there = {"a"}
    await asyncio.gather(*(ledger.check("bob", vm(name), ONE) for name in "abcdefgh"))
    assert count.counts == 1
    assert await make(ledger, "b")
    assert not await make(ledger, "c")
    assert count.counts == 2, "again before somebody is refused"


async def test_who_has_room_waits_for_no_count_that_is_under_way(ledger: AccountsLedger, count: Count) -> None:
    assert await make(ledger, "a")
    count.there, count.gate = {"a"}, asyncio.Event()
    counting = asyncio.create_task(ledger.count(asyncio.get_running_loop().time()))
    while count.counts < 2:  # noqa: ASYNC110 - it begins with the next turns of the loop
        await asyncio.sleep(0)
    assert await asyncio.wait_for(make(ledger, "b"), 10) and not counting.done()
    count.gate.set()
    await counting


async def test_what_has_gone_makes_room(ledger: AccountsLedger, count: Count) -> None:
    assert await make(ledger, "a") and await make(ledger, "b")
    count.there = {"a", "b"}
    await ledger.settle(vm("a"))
    assert not await make(ledger, "c"), "it is still there"
    count.there = {"b"}
    assert await make(ledger, "c")


async def test_what_fails_is_given_back(ledger: AccountsLedger, count: Count) -> None:
    for error in (ValueError, asyncio.CancelledError):
        with pytest.raises(error):
            async with ledger.charging("bob", vm("a"), {Measure.MACHINES: 2}):
                raise error
    assert await make(ledger, "b") and await make(ledger, "c")


async def test_a_refusal_is_for_people_and_programs(ledger: AccountsLedger) -> None:
    with pytest.raises(OverQuota, match="machines: 0 used, 3 more asked for, 2 allowed; delete or stop something") as refused:
        await ledger.check("bob", vm("a"), {Measure.MACHINES: 3})
    excess = {"measure": "machines", "used": 0, "requested": 3, "limit": 2}
    assert refused.value.details == {"account": "bob", "exceeded": [excess]}


async def test_what_cannot_be_counted_is_told(ledger: AccountsLedger, count: Count, caplog: pytest.LogCaptureFixture) -> None:
    count.broken = True
    assert await make(ledger, "a") and await make(ledger, "b") and not await make(ledger, "c"), "what is charged still holds"
    assert "cannot be counted now: it cannot be read" in caplog.text


async def test_without_accounts_nothing_is_charged(tmp_path: Path, count: Count) -> None:
    lookup = AccountsLookup(sqlite_url(tmp_path / "accounts.db"))
    ledger = AccountsLedger(lookup)
    ledger.counted_by(count)
    async with ledger.charging("bob", vm("a"), {Measure.MACHINES: 99}):
        await ledger.settle(vm("a"))
    await ledger.check("bob", vm("a"), {Measure.MACHINES: 99})
    assert count.counts == 0 and not (tmp_path / "accounts.db").exists()
    lookup.close()
