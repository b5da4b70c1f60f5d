"""The API charges accounts: after one count of what is there, and after another one before anybody is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.charges.charges import Charges
from homeostat.accounts.charges.measures import Measure
from homeostat.accounts.charges.quotas import Quotas
from homeostat.accounts.database.database import Database, sqlite_url
from homeostat.accounts.errors import DatabaseBusy
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.passwords import Passwords
from homeostat.models.base import Key
from homeostat.service.charges.usage import CountedUsage
from homeostat.service.refusals import OverQuota
from homeostat.store.errors import StoreError
from homeostat_api.accounts import ledger as module
from homeostat_api.accounts.ledger import ANY, AccountsLedger
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
    moments: list[float] = field(default_factory=list)  # by the clock of the loop

    async def __call__(self) -> CountedUsage:
        self.counts += 1
        self.moments.append(asyncio.get_running_loop().time())
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


async def test_what_nobody_was_charged_for_is_not_given_back(ledger: AccountsLedger) -> None:
    with pytest.raises(ValueError, match="it cannot be made"):
        async with ledger.charging("nobody", vm("a"), ONE):
            raise ValueError("it cannot be made")


async def test_what_cannot_be_given_back_now_hides_nothing(
    ledger: AccountsLedger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def busy(*_: object) -> None:
        raise DatabaseBusy("it is locked")

    monkeypatch.setattr(Charges, "give_back", busy)
    monkeypatch.setattr(Charges, "settle", busy)
    with pytest.raises(ValueError, match="it cannot be made"):
        async with ledger.charging("bob", vm("a"), ONE):
            raise ValueError("it cannot be made")
    await ledger.settle(vm("a"))
    assert caplog.text.count("a charge is given back by the next count: it is locked") == 2


async def test_a_refusal_is_for_people_and_programs(ledger: AccountsLedger) -> None:
    with pytest.raises(OverQuota, match="machines: 0 used, 3 more asked for, 2 allowed; delete or stop something") as refused:
        await ledger.check("bob", vm("a"), {Measure.MACHINES: 3})
    excess = {"measure": "machines", "used": 0, "requested": 3, "limit": 2}
    assert refused.value.details == {"account": "bob", "exceeded": [excess]}


async def test_what_cannot_be_counted_is_told(ledger: AccountsLedger, count: Count, caplog: pytest.LogCaptureFixture) -> None:
    count.broken = True
    assert await make(ledger, "a") and await make(ledger, "b") and not await make(ledger, "c"), "what is charged still holds"
    assert "cannot be counted now: it cannot be read" in caplog.text


async def test_what_a_count_corrected_is_told(
    ledger: AccountsLedger, count: Count, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    count.there = {"a", "b"}
    for _ in range(2):
        await ledger.count(asyncio.get_running_loop().time())
    told = [record.getMessage() for record in caplog.records if record.name == "homeostat.api"]
    assert told == ["quotas: 2 charges corrected by a count"]


async def test_a_count_that_began_since_then_will_do(
    ledger: AccountsLedger, count: Count, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "time", lambda: 100.0)
    await asyncio.gather(*(ledger.count(100.0) for _ in range(3)))
    await ledger.count(100.0)
    assert count.counts == 1
    count.gate = asyncio.Event()
    another, old = asyncio.create_task(ledger.count(100.1)), asyncio.create_task(ledger.count(100.0))
    while count.counts < 2:  # noqa: ASYNC110 - it begins with the next turns of the loop
        await asyncio.sleep(0)
    assert old.done() and not another.done(), "it waits for no other one"
    count.gate.set()
    await another


async def test_a_while_lies_between_two_counts(ledger: AccountsLedger, count: Count, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST", 0.1)
    for _ in range(2):
        await ledger.count(asyncio.get_running_loop().time())
    first, second = count.moments
    assert 0.09 < second - first < 5


async def test_it_counts_again_and_again(ledger: AccountsLedger, count: Count, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PERIOD", 0.0)
    counting = asyncio.create_task(ledger.keep_counting())
    async with asyncio.timeout(5):
        while count.counts < 3:  # noqa: ASYNC110 - it goes on with the next turns of the loop
            await asyncio.sleep(0)
    counting.cancel()
    await asyncio.wait({counting})


async def test_it_rests_between_what_it_counts_by_itself(ledger: AccountsLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[float] = []

    async def counted(since: float) -> None:
        counts.append(since)

    monkeypatch.setattr(ledger, "try_to_count", counted)
    counting = asyncio.create_task(ledger.keep_counting())
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(counts) == 1 and not counting.done()
    counting.cancel()
    await asyncio.wait({counting})


async def test_where_nobody_can_count_what_is_charged_holds(tmp_path: Path, ledger: AccountsLedger) -> None:
    other = AccountsLedger(ledger._lookup)
    assert await make(other, "a") and await make(other, "b") and not await make(other, "c")


async def test_without_accounts_nothing_is_charged(tmp_path: Path, count: Count) -> None:
    lookup = AccountsLookup(sqlite_url(tmp_path / "accounts.db"))
    ledger = AccountsLedger(lookup)
    ledger.counted_by(count)
    async with ledger.charging("bob", vm("a"), {Measure.MACHINES: 99}):
        await ledger.settle(vm("a"))
    await ledger.check("bob", vm("a"), {Measure.MACHINES: 99})
    await ledger.count(ANY)
    assert count.counts == 0 and not (tmp_path / "accounts.db").exists()
    lookup.close()
