"""A file that is removed or replaced while it is open is told, and nothing is written that would be lost."""

from __future__ import annotations

import shutil
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


def test_it_is_told_until_the_file_is_back(path: Path, passwords: Passwords) -> None:
    database = Database.open(sqlite_url(path))
    accounts = Accounts(database, passwords)
    accounts.add("root", Role.ADMINISTRATOR)
    away = path.with_name("away")
    path.rename(away)
    for ask in (database.generation, lambda: accounts.add("bob"), accounts.list):
        with pytest.raises(DatabaseAway, match=f"{path} has gone while it was open") as told:
            ask()
        assert "put it back" in told.value.mend
    assert not path.exists()
    shutil.copy(away, path)
    with pytest.raises(DatabaseAway, match="was replaced while it was open"):
        accounts.add("bob")
    away.rename(path)
    accounts.add("bob")
    assert [account.name for account in accounts.list()] == ["bob", "root"]
    database.close()
