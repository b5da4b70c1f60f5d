"""A console ends as soon as it must: whoever decides that, wherever, and it is said why."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from unittest.mock import Mock

import pytest
from sqlalchemy import text

from homeostat.accounts.consoles import OpenConsole
from homeostat.accounts.database.database import Database, sqlite_url
from homeostat.accounts.errors import DatabaseBusy
from homeostat_api.consoles import room
from tests.accounts.console_house import ConsoleHouse, Sitter, until
from tests.unit.watching import machine, reported


def rows(house: ConsoleHouse, statement: str) -> Any:
    """Asks the database, or changes it, as another server does."""
    database = Database.open(sqlite_url(house.root / "accounts.db"))
    try:
        with database.writing() as session:
            found = session.execute(text(statement))
            return found.all() if found.returns_rows else None
    finally:
        database.close()


async def test_by_whoever_may_change_the_machine(house: ConsoleHouse) -> None:
    async with house.sits("eve") as eve:
        id = await eve.id()
        for who in ("sam", "eve"):
            status = (await house.ask(who, "DELETE", f"consoles/{'none' if who == 'eve' else id}")).status_code
            assert status == 404
        answer = await house.ask("bob", "DELETE", f"consoles/{id}")
        assert (answer.status_code, answer.content) == (204, b"")
        assert await eve.end() == (1008, "ended by bob")


async def test_by_a_moderator_and_by_oneself(house: ConsoleHouse) -> None:
    for who in ("mona", "eve"):
        async with house.sits("eve") as eve:
            await house.done(who, "DELETE", f"consoles/{await eve.id()}")
            assert await eve.end() == (1008, f"ended by {who}")


async def test_at_once_where_this_server_is_asked(opens: Callable[..., ConsoleHouse], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LOOK", 60.0)
    house = opens()
    async with house.sits() as bob:
        await house.done("bob", "DELETE", f"consoles/{await bob.id()}")
        assert (await bob.end())[0] == 1008
    assert not house.room._served, "nobody looks after it any more"


async def test_where_another_server_is_asked(house: ConsoleHouse) -> None:
    async with house.sits() as bob:
        rows(house, f"UPDATE consoles SET ended = 'ended by root' WHERE id = '{await bob.id()}'")
        assert await bob.end() == (1008, "ended by root")


async def refused(bob: Sitter) -> None:
    assert await bob.end() == (1008, "you may not look at it any more: ask for another ticket, or sign in again")


async def test_with_the_session_that_opened_it(house: ConsoleHouse) -> None:
    async with house.sits() as bob:
        await bob.id()
        await house.done("bob", "DELETE", "session")
        await refused(bob)


async def test_with_the_account(house: ConsoleHouse) -> None:
    async with house.sits() as bob:
        await bob.id()
        await house.done("root", "PATCH", "users/bob", {"banned": True})
        await refused(bob)


async def test_with_other_rights(house: ConsoleHouse) -> None:
    """He asks anew as what he is now, be it more."""
    async with house.sits() as bob:
        await bob.id()
        await house.done("root", "PATCH", "users/bob", {"role": "moderator"})
        await refused(bob)


async def test_with_the_machine(house: ConsoleHouse) -> None:
    async with house.sits() as bob:
        await bob.sees(b"booted")  # it has opened the line
        house.watched.now(reported(machine(uid="another"), console_log=str(house.log)))
        assert await bob.end() == (1008, "web was deleted, and another machine has its name: connect again for that one")


async def test_with_the_server(house: ConsoleHouse) -> None:
    async with house.sits() as bob, house.sits("eve") as eve:
        await bob.id()
        await eve.id()
        house.stopping = True
        for one in (bob, eve):
            assert await one.end() == (1001, "the server stops: connect again")


async def test_where_it_counts_no_more(house: ConsoleHouse) -> None:
    """Others take a server that says nothing for a while for one that has gone."""
    async with house.sits() as bob:
        await bob.id()
        rows(house, "DELETE FROM consoles")
        assert await bob.end() == (1001, "this server was too slow to say that it is open: connect again")


async def test_one_that_opens_while_they_are_looked_at_goes_on(house: ConsoleHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    async with house.sits() as bob:
        await bob.id()
        consoles = (await house.lookup.opened()).consoles
        before, read, go = consoles.served, threading.Event(), threading.Event()

        def slowly() -> Mapping[str, OpenConsole]:
            found = before()
            read.set()
            go.wait(10)
            return found

        monkeypatch.setattr(consoles, "served", slowly)
        look = asyncio.create_task(house.room._look())
        await asyncio.to_thread(read.wait, 10)
        async with house.sits("eve") as eve:
            sitting = house.sitting(await eve.id())
            go.set()
            await look
            assert not sitting.over.done()


async def test_where_nobody_knows_who_may(house: ConsoleHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    async with house.sits() as bob:
        await bob.id()
        opened = await house.lookup.opened()

        def busy() -> None:
            raise DatabaseBusy("it is locked")

        monkeypatch.setattr(opened.consoles, "served", busy)
        code, why = await bob.end()
        assert code == 1013 and why.startswith("nobody knows who may look: ") and "it is locked" not in why, "the log says that"


async def test_where_the_database_hangs(house: ConsoleHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    async with house.sits() as bob:
        await bob.id()
        opened, go = await house.lookup.opened(), threading.Event()

        def hangs() -> Mapping[str, OpenConsole]:
            go.wait(30)
            return {}

        monkeypatch.setattr(opened.consoles, "served", hangs)
        monkeypatch.setattr(room, "ANSWER", 0.1)
        try:
            code, why = await bob.end()
        finally:
            go.set()
        assert code == 1013 and why.startswith("nobody knows who may look: ")


async def test_as_its_time_is_over(house: ConsoleHouse) -> None:
    async with house.sits() as bob:
        sitting = house.sitting(await bob.id())
        sitting.began -= 12 * 3600 - 60
        await house.looked()
        assert not sitting.over.done()
        sitting.began -= 61
        assert await bob.end() == (1008, "a console is open for 43200 seconds at most: open another one")


async def test_as_nothing_is_typed(house: ConsoleHouse) -> None:
    async with house.sits() as bob:
        sitting = house.sitting(await bob.id())
        for _ in range(2):
            sitting.typed = time.monotonic() - 3600 + 70
            await house.looked()
            sitting.typed -= 20
            assert 45 <= (await bob.word("idle"))["seconds"] <= 50
            await house.looked()
            assert not bob.words, "he is told once"
            typed = sitting.typed
            await bob.socket.send_data(b"a")
            await until(lambda typed=typed: sitting.typed > typed + 3000)  # type: ignore[misc]
            await house.looked()
        sitting.typed -= 3601
        assert await bob.end() == (1008, "nothing was typed for 3600 seconds")


async def test_as_long_as_the_server_lets_it(opens: Callable[..., ConsoleHouse]) -> None:
    house = opens(idle=0)
    async with house.sits() as bob:
        assert await bob.end() == (1008, "nothing was typed for 0 seconds")


async def test_it_is_not_written_at_each_look(house: ConsoleHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    consoles = (await house.lookup.opened()).consoles
    looks, notes = Mock(wraps=consoles.served), Mock(wraps=consoles.keep)
    monkeypatch.setattr(consoles, "served", looks)
    monkeypatch.setattr(consoles, "keep", notes)
    async with house.sits():
        await until(lambda: looks.call_count > 5)
    assert notes.call_count == 1


async def test_it_is_kept_on_the_list(
    house: ConsoleHouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(room, "KEEP", 0.02)
    async with house.sits() as bob:
        id = await bob.id()
        rows(house, "UPDATE consoles SET seen = 1")
        await until(lambda: rows(house, f"SELECT seen FROM consoles WHERE id = '{id}'")[0][0] > 1)
        opened = await house.lookup.opened()

        def busy(ids: object) -> None:
            raise DatabaseBusy("it is locked")

        with caplog.at_level(logging.ERROR):
            monkeypatch.setattr(opened.consoles, "keep", busy)
            await until(lambda: bool(caplog.records))
        assert "others do not learn which consoles are open here: " in caplog.text and "it is locked" in caplog.text
        await bob.sees(b"booted")  # it goes on
