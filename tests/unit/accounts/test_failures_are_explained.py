"""What each error of a database means, in our words."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import DBAPIError

from homeostat.accounts.database import failures
from homeostat.accounts.errors import (
    DatabaseAway,
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseFull,
    DatabaseReadOnly,
    DatabaseTrouble,
)


class ServerError(Exception):
    """As psycopg raises it."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("it\n  says why")
        self.sqlstate = sqlstate


def of_file(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("it says why")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (of_file(sqlite3.SQLITE_BUSY), DatabaseBusy),
        (of_file(sqlite3.SQLITE_BUSY | 2 << 8), DatabaseBusy),  # an extended code
        (of_file(sqlite3.SQLITE_LOCKED), DatabaseBusy),
        (of_file(sqlite3.SQLITE_CORRUPT), DatabaseDamaged),
        (of_file(sqlite3.SQLITE_NOTADB), DatabaseDamaged),
        (of_file(sqlite3.SQLITE_READONLY), DatabaseReadOnly),
        (of_file(sqlite3.SQLITE_CANTOPEN), DatabaseReadOnly),
        (of_file(sqlite3.SQLITE_FULL), DatabaseFull),
        (of_file(sqlite3.SQLITE_IOERR), DatabaseAway),
        (of_file(sqlite3.SQLITE_ERROR), DatabaseTrouble),
        (ServerError("53100"), DatabaseFull),
        (ServerError("25006"), DatabaseReadOnly),
        (ServerError("42501"), DatabaseReadOnly),
        (ServerError("40P01"), DatabaseBusy),
        (ServerError("55P03"), DatabaseBusy),
        (ServerError("53300"), DatabaseBusy),
        (ServerError("XX001"), DatabaseDamaged),
        (ServerError("58030"), DatabaseDamaged),
        (ServerError("08006"), DatabaseAway),
        (ServerError("28P01"), DatabaseAway),
        (ServerError("3D000"), DatabaseAway),
        (ServerError("57P01"), DatabaseAway),
        (ServerError(None), DatabaseAway),
        (ServerError("42P01"), DatabaseTrouble),
    ],
)
def test_what_it_means(error: Exception, kind: type[DatabaseTrouble], tmp_path: Path) -> None:
    found = failures.explained(DBAPIError("SELECT 1", {}, error), str(tmp_path / "accounts.db"))
    assert type(found) is kind
    assert "accounts.db" in str(found) and found.mend
    assert "\n" not in str(found)


def test_a_disk_that_fails_for_want_of_room_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "NO_ROOM", 1 << 62)
    error = DBAPIError("SELECT 1", {}, of_file(sqlite3.SQLITE_IOERR))
    assert type(failures.explained(error, str(tmp_path / "accounts.db"))) is DatabaseFull
    assert type(failures.explained(error, "/no/such/folder/accounts.db")) is DatabaseAway
    other = DBAPIError("SELECT 1", {}, of_file(sqlite3.SQLITE_ERROR))
    assert type(failures.explained(other, str(tmp_path / "accounts.db"))) is DatabaseTrouble


@pytest.mark.parametrize(("free", "kind"), [(99, DatabaseFull), (100, DatabaseAway)])
def test_how_little_is_no_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, kind: type[DatabaseTrouble]) -> None:
    monkeypatch.setattr(failures, "NO_ROOM", 100)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free))
    error = DBAPIError("SELECT 1", {}, of_file(sqlite3.SQLITE_IOERR))
    assert type(failures.explained(error, str(tmp_path / "accounts.db"))) is kind
