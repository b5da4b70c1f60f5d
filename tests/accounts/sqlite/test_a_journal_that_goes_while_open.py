"""A journal that is removed while the database is open is told, and nothing is written into it that would be lost."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.database.database import Database, sqlite_url
from homeostat.accounts.errors import DatabaseAway
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.passwords import Passwords


@pytest.fixture
def path(tmp_path: Path, made_once: bytes) -> Path:
    path = tmp_path / "accounts.db"
    path.write_bytes(made_once)
    return path


@pytest.fixture
def accounts(path: Path, passwords: Passwords) -> Accounts:
    accounts = Accounts(Database.open(sqlite_url(path)), passwords)
    accounts.add("root", Role.ADMINISTRATOR)
    return accounts


def asked_in_vain(accounts: Accounts, path: Path) -> None:
    for ask in (lambda: accounts.add("bob"), accounts.list):
        with pytest.raises(DatabaseAway, match=f"{path}-wal, was removed or replaced while it was open") as refused:
            ask()
        assert "restart" in refused.value.mend


def test_one_that_somebody_removes(path: Path, accounts: Accounts) -> None:
    Path(f"{path}-wal").unlink()
    asked_in_vain(accounts, path)


def test_one_that_a_database_in_its_place_takes_for_its_own(path: Path, accounts: Accounts) -> None:
    """As where a backup is put there, looked at by a program of others, and the file until then is put back."""
    away = path.with_name("away")
    path.rename(away)
    shutil.copy(away, path)
    with closing(sqlite3.connect(path)) as another, suppress(sqlite3.Error):  # it may also not fit
        another.execute("SELECT count(*) FROM accounts")
    away.rename(path)
    asked_in_vain(accounts, path)


def test_others_that_come_and_go_leave_it(path: Path, accounts: Accounts, passwords: Passwords) -> None:
    for _ in range(3):
        another = Database.open(sqlite_url(path))
        Accounts(another, passwords).list()
        another.close()
        accounts.list()
    accounts.add("bob")
    assert len(accounts.list()) == 2
