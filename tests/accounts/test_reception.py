"""A server's way to accounts: what hashes has threads of its own, and not without bound."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from homeostat.accounts import reception as module
from homeostat.accounts.database.database import Database
from homeostat.accounts.errors import SignInRefused, TooManyAtOnce
from homeostat.accounts.reception import Reception
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.passwords import Passwords

GOOD, HOME = "correct horse", "192.0.2.1"


@pytest.fixture
def reception(url: str, passwords: Passwords) -> Iterator[Reception]:
    opened = Reception(Database.open(url), passwords)
    yield opened
    opened.close()


async def test_from_the_first_account_to_the_end(reception: Reception) -> None:
    assert not reception.recognition.has_accounts()
    await reception.hashing(lambda: reception.accounts.add("root", Role.ADMINISTRATOR, GOOD))
    with pytest.raises(SignInRefused):
        await reception.hashing(lambda: reception.sign_in.sign_in("root", "wrong horse", HOME))
    done = await reception.hashing(lambda: reception.sign_in.sign_in("root", GOOD, HOME))
    assert reception.recognition.who(done.access).actor.name == "root"
    assert [opened.id for opened in reception.sessions.list()] == [done.session]
    assert reception.grants.list() == [] and reception.tokens.list() == []
    assert [entry.act.verb for entry in reception.audit.search()] == ["sign in", "sign in", "add"]


async def test_what_is_closed_leaves_no_thread(url: str, passwords: Passwords) -> None:
    opened = Reception(Database.open(url), passwords)
    thread = await opened.hashing(threading.current_thread)
    opened.close()
    assert not thread.is_alive()


async def test_who_would_wait_for_too_long_is_refused(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING_MAX", 3)
    go = threading.Event()
    waiting = [asyncio.create_task(reception.hashing(lambda: go.wait(30))) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyAtOnce):
        await reception.hashing(lambda: True)
    go.set()
    assert await asyncio.gather(*waiting) == [True] * 3
    for _ in range(4):  # who was served waits no more
        assert await reception.hashing(lambda: True)


async def test_what_is_closed_ends_what_it_does_and_begins_nothing_more(url: str) -> None:
    opened = Reception(Database.open(url), Passwords(iterations=1, memory=8, at_once=1))
    begun, shut, done = threading.Event(), opened._threads, list[str]()

    def work() -> None:
        begun.set()
        while not shut._shutdown:
            threading.Event().wait(0.001)
        threading.Event().wait(0.02)  # whoever does not wait for it is back by then
        done.append("begun")

    under_way = asyncio.create_task(opened.hashing(work))
    waiting = asyncio.create_task(opened.hashing(lambda: done.append("waiting")))
    await asyncio.to_thread(begun.wait, 30)
    opened.close()
    assert done == ["begun"]
    await under_way
    with pytest.raises(asyncio.CancelledError):
        await waiting
