"""Accounts in a file, made once: to make them takes a moment."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from homeostat.accounts import reception
from homeostat.accounts.accounts import Accounts
from homeostat.accounts.database import Database, sqlite_url
from homeostat.accounts.grants import Grants
from homeostat.accounts.passwords import Passwords
from homeostat.accounts.rights import Grant, Right, Role
from homeostat.consoles import serial_relay
from homeostat.service import consoles
from homeostat_api.config import ConsoleBounds
from homeostat_api.consoles import room
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
