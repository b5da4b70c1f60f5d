"""A server looks every half second whether there are accounts by now, until there are; what hinders that is told once."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.audit.audit import Act, By
from homeostat.accounts.audit.deeds import Deeds, this_server
from homeostat.accounts.database.database import Database, sqlite_url
from homeostat.accounts.errors import DatabaseAway, DatabaseBusy, DatabaseTrouble, NoAccounts, NotSignedIn
from homeostat.accounts.reception import Reception
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.passwords import Passwords
from homeostat_api.accounts import lookup as module
from homeostat_api.accounts.lookup import AccountsLookup


@dataclass
class Server:
    """A server beside a file that may become a database. ``trouble``: of each look."""

    file: Path
    now: float = 50.0
    looks: int = 0
    trouble: DatabaseTrouble | None = None
    required: bool = False

    def __post_init__(self) -> None:
        self.lookup = AccountsLookup(sqlite_url(self.file), self.required, lambda: self.now)
        self._look = self.lookup._look
        self.lookup._look = self.look  # type: ignore[method-assign]

    async def look(self) -> None:
        self.looks += 1
        await self._look()

    def exists(self, url: str) -> bool:
        if self.trouble is not None:
            raise self.trouble
        return self.file.exists()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    found = Server(tmp_path / "accounts.db")
    monkeypatch.setattr(module.Database, "exists", found.exists)
    yield found
    found.lookup.close()


async def test_accounts_that_come_are_found_at_the_next_look(server: Server, people: Path) -> None:
    assert not await server.lookup.there_are_some()
    shutil.copy(people, server.file)
    for later, found in ((0.4, False), (0.5, True)):
        server.now = 50.0 + later
        assert await server.lookup.there_are_some() is found
    assert server.looks == 2
    server.now += 3600
    assert await server.lookup.there_are_some() and server.looks == 2, "they do not go again"


async def test_whoever_signs_in_by_a_contract_is_known_at_once(server: Server, people: Path) -> None:
    assert not await server.lookup.there_are_some()
    shutil.copy(people, server.file)
    await server.lookup.opened()
    assert await server.lookup.there_are_some(), "no time has passed"


async def test_whoever_was_let_in_by_another_process_is_known_at_once(server: Server, people: Path) -> None:
    """Of several workers, one looked a moment before the first account was made."""
    assert not await server.lookup.there_are_some()
    shutil.copy(people, server.file)
    for shown in (server.lookup.who, server.lookup.by_refresh):
        with pytest.raises(NotSignedIn):  # and not NoAccounts: this is no token of anybody
            await shown("hs_none")


async def test_whoever_was_let_in_by_another_process_is_known_though_the_database_was_open(server: Server) -> None:
    await server.lookup.opened()
    assert not await server.lookup.there_are_some()
    other = Database.open(sqlite_url(server.file))
    Accounts(other, Passwords(iterations=1, memory=8)).add("root", Role.ADMINISTRATOR)
    other.close()
    with pytest.raises(NotSignedIn):
        await server.lookup.who("hs_none")
    assert await server.lookup.there_are_some()


async def test_a_database_that_is_away_is_not_asked_for_each_who_shows_something(server: Server) -> None:
    server.trouble = DatabaseAway("it is away")
    for _ in range(3):
        with pytest.raises(DatabaseAway):
            await server.lookup.who("hs_none")
    assert server.looks == 1


async def test_all_who_ask_at_once_wait_for_one_look(server: Server) -> None:
    assert await asyncio.gather(*(server.lookup.there_are_some() for _ in range(5))) == [False] * 5
    assert server.looks == 1


async def test_whoever_knows_waits_for_nobody_who_opens_it(server: Server) -> None:
    assert not await server.lookup.there_are_some()
    async with server.lookup._opening:
        asking = asyncio.create_task(server.lookup.there_are_some())
        for _ in range(3):
            await asyncio.sleep(0)
        assert asking.done() and not asking.result()


async def test_a_database_that_goes_is_no_database_without_accounts(server: Server) -> None:
    await server.lookup.opened()
    server.file.unlink()
    with pytest.raises(DatabaseTrouble):
        await server.lookup.there_are_some()


async def test_without_accounts_there_is_no_reception(server: Server) -> None:
    with pytest.raises(NoAccounts, match="there are no accounts yet") as refused:
        await server.lookup.reception()
    assert "homeostat user add" in refused.value.mend and not server.file.exists()


async def test_a_database_without_accounts_has_none(server: Server, made_once: bytes) -> None:
    server.file.write_bytes(made_once)
    with pytest.raises(NoAccounts):
        await server.lookup.reception()


async def test_it_is_opened_once(server: Server, people: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Reception] = []
    real: Callable[[str], Reception] = Reception.open

    def counted(url: str) -> Reception:
        opened.append(real(url))
        return opened[-1]

    monkeypatch.setattr(module.Reception, "open", counted)
    shutil.copy(people, server.file)
    found = [await server.lookup.reception(), await server.lookup.opened(), await server.lookup.opened()]
    assert opened == found[:1] and all(one is found[0] for one in found)


async def test_what_a_killed_server_left_is_in_the_audit_first(server: Server, people: Path) -> None:
    shutil.copy(people, server.file)
    database = Database.open(sqlite_url(server.file))
    house, process, started = this_server().split(" ")
    Deeds(database, server=f"{house} {process} {int(started) + 1}").begin(By("local"), Act("delete", "Disk", "data"))
    database.close()
    entry = (await server.lookup.reception()).audit.search()[0]
    assert (entry.act.name, entry.act.outcome) == ("data", "Interrupted")


async def test_whoever_needs_a_database_gets_one(server: Server) -> None:
    assert not (await server.lookup.opened()).recognition.has_accounts() and server.file.exists()


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("some", [True, False])
async def test_who_must_sign_in(tmp_path: Path, people: Path, required: bool, some: bool) -> None:
    server = Server(tmp_path / "accounts.db", required=required)
    if some:
        shutil.copy(people, server.file)
    assert await server.lookup.required() is (required or some)
    server.lookup.close()


async def test_a_trouble_is_everybodys_until_the_next_look(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    away, busy = DatabaseAway("nobody listens", "start it"), DatabaseBusy("it is locked")
    for trouble, later in ((away, 0.0), (None, 0.1), (away, 0.5), (busy, 1.0), (away, 1.5), (None, 2.0), (away, 2.5)):
        server.trouble, server.now = trouble, 50.0 + later
        if trouble is None and later >= 0.5:
            assert not await server.lookup.there_are_some()
            continue
        with pytest.raises(DatabaseTrouble) as met:
            await server.lookup.there_are_some()
        assert met.value is (trouble or away)
    told = [record.getMessage() for record in caplog.records]
    assert told == [f"{error}; {error.mend}" for error in (away, busy, away, away)] and server.looks == 6


async def test_its_end_is_the_end_of_the_database_too(people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Reception] = []
    real = Reception.close
    monkeypatch.setattr(Reception, "close", lambda one: (closed.append(one), real(one)))
    lookup = AccountsLookup(sqlite_url(Path(shutil.copy(people, tmp_path))))
    found = await lookup.reception()
    lookup.close()
    assert closed == [found]
    with pytest.raises(RuntimeError, match="after shutdown"):
        await lookup.run(int)


async def test_at_its_end_what_runs_is_finished_and_what_waits_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "THREADS", 1)
    lookup = AccountsLookup(sqlite_url(tmp_path / "accounts.db"))
    began, go_on, done = threading.Event(), threading.Event(), []

    def works() -> None:
        began.set()
        go_on.wait(5)
        done.append("first")

    def closes() -> list[str]:
        lookup.close()
        return list(done)

    first, second = asyncio.create_task(lookup.run(works)), asyncio.create_task(lookup.run(lambda: done.append("second")))
    await asyncio.to_thread(began.wait, 5)
    closing = asyncio.create_task(asyncio.to_thread(closes))
    await asyncio.wait({second}, timeout=5)
    go_on.set()
    assert await closing == ["first"] and second.cancelled()
    await first


async def test_one_that_hangs_keeps_nobody_waiting_for_ever() -> None:
    lookup, go_on = AccountsLookup("sqlite:////srv/accounts.db"), threading.Event()
    try:
        with pytest.raises(DatabaseAway, match="has not answered within"):
            await lookup.run(lambda: go_on.wait(30), 0.05)
        with pytest.raises(TimeoutError, match="of its own"):
            await lookup.run(lambda: (_ for _ in ()).throw(TimeoutError("of its own")))
    finally:
        go_on.set()
        lookup.close()


@pytest.mark.parametrize(("url", "shared"), [("sqlite:////srv/accounts.db", False), ("postgresql+psycopg://db/homeostat", True)])
async def test_whose_a_database_is(url: str, shared: bool) -> None:
    lookup = AccountsLookup(url)
    assert lookup.shared is shared
    lookup.close()
