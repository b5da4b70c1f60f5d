"""Accounts in a file, made once: to make them takes a moment."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import falcon.asgi
import pytest
from falcon.testing import TestClient

from homeostat.accounts import reception
from homeostat.accounts.accounts import Accounts
from homeostat.accounts.database.database import Database, sqlite_url
from homeostat.accounts.grants import Grants
from homeostat.accounts.rights import Grant, Right, Role
from homeostat.accounts.signing_in.passwords import Passwords
from homeostat.consoles import serial_relay
from homeostat.service.consoles import consoles
from homeostat_api.accounts.lookup import AccountsLookup
from homeostat_api.accounts.routes import account_routes
from homeostat_api.config import ApiConfig, ConsoleBounds
from homeostat_api.consoles import room
from homeostat_api.errors import ANSWERS
from homeostat_api.gate import Gate, own_entrance
from homeostat_api.http import errors, media
from tests.accounts.asker import Asker
from tests.accounts.console_house import PASSWORD, ConsoleHouse

QUICK = Passwords(iterations=1, memory=8)
PEOPLE = {"root": Role.ADMINISTRATOR, "bob": Role.USER, "eve": Role.USER, "sam": Role.USER, "mona": Role.MODERATOR}


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a database of people before consoles, to be copied."""
    made = tmp_path_factory.mktemp("people") / "accounts.db"
    database = Database.open(sqlite_url(made))
    for name, role in PEOPLE.items():
        Accounts(database, QUICK).add(name, role, PASSWORD)
    Grants(database).give("eve", Grant(frozenset({Right.SEE}), "default", "VirtualMachine", "web"))
    database.close()
    return made


@pytest.fixture
async def opens(people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., ConsoleHouse]]:
    """Returns what opens a server of consoles."""
    monkeypatch.setattr(reception, "Passwords", lambda: QUICK)
    monkeypatch.setattr(room, "LOOK", 0.05)
    monkeypatch.setattr(serial_relay, "LOOK", 0.002)
    houses: list[tuple[ConsoleHouse, asyncio.Task[None]]] = []

    def opened(**bounds: int) -> ConsoleHouse:
        house = ConsoleHouse(tmp_path, Path(shutil.copy(people, tmp_path)), ConsoleBounds(**bounds))
        monkeypatch.setattr(consoles, "open_line", house.open_line)
        houses.append((house, asyncio.create_task(house.room.watch())))
        return house

    yield opened
    for house, watching in houses:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        house.lookup.close()


@pytest.fixture
async def house(opens: Callable[..., ConsoleHouse]) -> ConsoleHouse:
    return opens()


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a database of accounts, to be copied: to make one takes a moment."""
    made = tmp_path_factory.mktemp("settled") / "accounts.db"
    database = Database.open(sqlite_url(made))
    for name, role in (("root", Role.ADMINISTRATOR), ("ada", Role.USER)):
        Accounts(database, QUICK).add(name, role, PASSWORD)
    database.close()
    return made


@pytest.fixture
def client(settled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(reception, "Passwords", lambda: QUICK)
    lookup = AccountsLookup(sqlite_url(shutil.copy(settled, tmp_path)))
    app = falcon.asgi.App(middleware=[Gate(ApiConfig(tmp_path, tmp_path), own_entrance("X-API-Key"), lookup)])
    errors.install(app, ANSWERS)
    media.install(app)
    for route in account_routes(lookup, None, lambda: False):
        app.add_route(route.path, route.resource)
    yield TestClient(app)
    lookup.close()


@pytest.fixture
def root(client: TestClient) -> Asker:
    return Asker(client, "root")


@pytest.fixture
def ada(client: TestClient) -> Asker:
    return Asker(client, "ada")
