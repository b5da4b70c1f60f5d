"""Whoever follows the audit reads each entry once, the oldest first, until the server stops or the database goes."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from falcon.testing import ASGIConductor

from homeostat.accounts import reception
from homeostat.accounts.actor import HOUSE
from homeostat.accounts.audit.audit import Act, By, Search
from homeostat.accounts.database.database import sqlite_url
from homeostat.accounts.errors import DatabaseBusy
from homeostat_api.accounts import audit as module
from homeostat_api.accounts.lookup import AccountsLookup
from homeostat_api.accounts.routes import account_routes
from homeostat_api.config import ApiConfig
from homeostat_api.errors import ANSWERS
from homeostat_api.gate import Gate, own_entrance
from homeostat_api.http.application import application
from tests.accounts.console_house import HOST, PASSWORD
from tests.accounts.http.conftest import QUICK

BOB = By("session", "bob", "192.0.2.1")


class Followed:
    """A server, root who asks it, and what bob does."""

    def __init__(self, database: Path, root: Path) -> None:
        self.lookup = AccountsLookup(sqlite_url(database))
        self.stopping = False
        routes = account_routes(self.lookup, None, lambda: self.stopping)
        gate = Gate(ApiConfig(root, root), own_entrance("X-API-Key"), self.lookup)
        self._asks = ASGIConductor(application(routes, ANSWERS, (gate,)))
        self._token = ""

    async def does(self, *names: str) -> None:
        deeds = (await self.lookup.reception()).deeds
        for name in names:
            act = Act("delete", "Disk", name, "default")
            deeds.end(deeds.begin(BOB, act), BOB, act)

    async def newest(self) -> int:
        return (await self.lookup.reception()).audit.newest()

    @asynccontextmanager
    async def follows(self, query: str = "") -> AsyncIterator[Reader]:
        if not self._token:
            said = {"name": "root", "password": PASSWORD}
            self._token = (await self._asks.simulate_post("/api/v1/session", json=said, host=HOST)).json["access_token"]
        async with self._asks.simulate_get_stream(
            "/api/v1/audit",
            query_string=f"follow=true&kind=Disk{query}",
            headers={"Authorization": f"Bearer {self._token}"},
            host=HOST,
        ) as answer:
            try:
                yield Reader(answer)
            finally:
                self.stopping = True  # or the stream would never end


class Reader:
    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.lines: list[bytes] = []
        self._rest = b""

    async def line(self) -> bytes:
        async with asyncio.timeout(5):
            while not self.lines:
                self._rest += await self.answer.stream.read()
                *self.lines, self._rest = self._rest.split(b"\n")
        return self.lines.pop(0)

    async def names(self, count: int) -> list[str]:
        """Returns what the next entries are about."""
        found: list[str] = []
        while len(found) < count:
            if line := await self.line():
                found.append(json.loads(line)["name"])
        return found


@pytest.fixture
async def house(people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Followed]:
    monkeypatch.setattr(reception, "Passwords", lambda: QUICK)
    monkeypatch.setattr(module, "LOOK", 0.01)
    found = Followed(Path(shutil.copy(people, tmp_path)), tmp_path)
    await found.lookup.there_are_some()
    yield found
    found.lookup.close()


async def test_what_comes_is_read_once(house: Followed) -> None:
    await house.does("before")
    async with house.follows() as reader:
        assert (reader.answer.status_code, reader.answer.headers["content-type"]) == (200, "application/jsonl")
        assert reader.answer.headers["cache-control"] == "no-store"
        assert await reader.line() == b"", "something comes at once"
        await house.does("a", "b", "c")
        assert await reader.names(3) == ["a", "b", "c"]
        await house.does("d", "e")
        assert await reader.names(2) == ["d", "e"]


async def test_it_begins_where_one_left_off(house: Followed) -> None:
    await house.does("a")
    after = await house.newest()
    await house.does("b", "c")
    async with house.follows(f"&after={after}") as reader:
        assert await reader.names(2) == ["b", "c"]
        await house.does("d")
        assert await reader.names(1) == ["d"]


async def test_a_line_shows_that_it_lives(house: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENT", 0.03)
    async with house.follows() as reader:
        assert [await reader.line() for _ in range(3)] == [b""] * 3


async def test_it_is_silent_for_so_long(house: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line comes after as many looks as make that time, and is counted from the last thing that came."""
    monkeypatch.setattr(module, "LOOK", 1e-6)
    monkeypatch.setattr(module, "SILENT", 4.5e-6)
    looks = 0
    after = module._after

    def counted(*arguments: Any, **more: Any) -> Any:
        nonlocal looks
        looks += 1
        return after(*arguments, **more)

    monkeypatch.setattr(module, "_after", counted)
    entries, asked = module.AuditEntries(house.lookup, lambda: False), SimpleNamespace(context=SimpleNamespace(actor=HOUSE))
    stream: Any = entries._follow(asked, Search(kind="Disk"), await house.newest(), [])  # type: ignore[arg-type]
    seen = []
    for _ in range(3):
        assert await anext(stream) == b"\n"
        seen.append(looks)
    assert seen == [0, 4, 9]
    await stream.aclose()


async def test_it_is_silent_since_something_came(house: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK", 1e-6)
    monkeypatch.setattr(module, "SILENT", 4.5e-6)
    await house.does("a")
    newest, looks = await house.newest(), 0
    entry = (await house.lookup.reception()).audit.search(Search(kind="Disk"))

    def third(*_: Any, **__: Any) -> Any:
        nonlocal looks
        looks += 1
        return entry if looks == 3 else []

    monkeypatch.setattr(module, "_after", third)
    entries, asked = module.AuditEntries(house.lookup, lambda: False), SimpleNamespace(context=SimpleNamespace(actor=HOUSE))
    stream: Any = entries._follow(asked, Search(kind="Disk"), newest, [])  # type: ignore[arg-type]
    seen = [((await anext(stream)) == b"\n", looks) for _ in range(4)]
    assert seen == [(True, 0), (False, 3), (True, 8), (True, 13)]
    await stream.aclose()


async def test_it_rests_between_two_looks(house: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        rests.append(seconds)
        await sleep(0)

    monkeypatch.setattr(module, "SILENT", 0.02)
    entries, asked = module.AuditEntries(house.lookup, lambda: False), SimpleNamespace(context=SimpleNamespace(actor=HOUSE))
    stream: Any = entries._follow(asked, Search(kind="Disk"), await house.newest(), [])  # type: ignore[arg-type]
    monkeypatch.setattr(module.asyncio, "sleep", noted)
    for _ in range(3):
        assert await anext(stream) == b"\n"
    assert rests == [module.LOOK] * 3
    await stream.aclose()


async def test_a_database_that_goes_lets_him_go(
    house: Followed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with house.follows() as reader:
        assert await reader.line() == b""

        def busy(*_: object, **__: object) -> None:
            raise DatabaseBusy("it is locked")

        monkeypatch.setattr(module, "_after", busy)
        async with asyncio.timeout(5):
            while await reader.answer.stream.read():
                pass
    assert "Who follows the audit is let go" in caplog.text


async def test_a_database_that_goes_is_told_once(
    house: Followed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise DatabaseBusy("it is locked")

    monkeypatch.setattr(module, "_after", busy)
    entries, asked = module.AuditEntries(house.lookup, lambda: False), SimpleNamespace(context=SimpleNamespace(actor=HOUSE))
    stream: Any = entries._follow(asked, Search(kind="Disk"), 0, [])  # type: ignore[arg-type]
    async with asyncio.timeout(5):
        assert [part async for part in stream] == [b"\n"]
    assert [record.getMessage() for record in caplog.records] == ["Who follows the audit is let go: it is locked"]
