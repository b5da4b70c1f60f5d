"""While a server has the accounts open, no command beside it opens another file in their place, or makes one: what it wrote there
would be lost, and the server's journal would be written over it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.database.database import Database, sqlite_url
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.passwords import Passwords
from tests.rig.program import Ended, ran


@pytest.fixture
def path(tmp_path: Path, made_once: bytes) -> Path:
    path = tmp_path / "state" / "accounts.db"
    path.parent.mkdir()
    path.write_bytes(made_once)
    return path


@pytest.fixture
def server(path: Path, passwords: Passwords) -> Iterator[Database]:
    """Has the accounts open as a server has."""
    database = Database.open(sqlite_url(path))
    Accounts(database, passwords).add("root", Role.ADMINISTRATOR)
    yield database
    database.close()


def command(path: Path, *words: str) -> Ended:
    return ran([sys.executable, "-m", "homeostat.cli.main", *words, "--state", str(path.parent)])


def add_bob(path: Path) -> Ended:
    return command(path, "user", "add", "bob", "--no-password")


def refused(path: Path, why: str, mend: str) -> None:
    for said in (add_bob(path), command(path, "user", "list"), command(path, "accounts", "backup", str(path.parent / "copy"))):
        assert said.returncode == 1 and why in said.stderr and mend in said.stderr, said
    assert not (path.parent / "copy").exists()


def test_one_that_was_put_there(path: Path, server: Database, passwords: Passwords) -> None:
    copy = path.with_name("copy-of-mine")
    assert command(path, "accounts", "backup", str(copy)).returncode == 0
    Accounts(server, passwords).add("late")
    before = copy.read_bytes()
    os.replace(copy, path)
    refused(path, "was replaced while it was open", "restart Homeostat")
    assert path.read_bytes() == before  # nothing of the journal beside came into it


def test_the_journal_of_the_one_before_is_not_the_next_ones(path: Path, server: Database) -> None:
    copy = path.with_name("copy-of-mine")
    assert command(path, "accounts", "backup", str(copy)).returncode == 0
    os.replace(copy, path)
    server.close()
    left = Path(f"{path}-wal").read_bytes()
    done = add_bob(path)
    assert done.returncode == 0, done
    assert command(path, "user", "list", "-o", "name").stdout == "bob\nroot\n"
    assert Path(f"{path}-wal.of-another").read_bytes() == left


def test_none_where_it_was_removed(path: Path, server: Database) -> None:
    away = path.with_name("away")
    path.rename(away)
    refused(path, "has gone while it was open", "put it back")
    assert not path.exists()
    away.rename(path)
    assert add_bob(path).returncode == 0


def test_no_backup_comes_to_its_place(path: Path, server: Database) -> None:
    copy = path.with_name("copy-of-mine")
    assert command(path, "accounts", "backup", str(copy)).returncode == 0
    asked = command(path, "accounts", "restore", str(copy))
    assert asked.returncode == 1 and "is in use" in asked.stderr, "nothing is asked first"
    path.unlink()
    said = command(path, "accounts", "restore", str(copy))
    assert said.returncode == 1 and "is in use" in said.stderr and "stop Homeostat" in said.stderr
    assert not path.exists()
    server.close()
    assert command(path, "accounts", "restore", str(copy), "--yes").returncode == 0


@pytest.mark.parametrize("another", [False, True])
def test_another_journal(path: Path, server: Database, another: bool) -> None:
    journal = Path(f"{path}-wal")
    copy = shutil.copy(journal, path.with_name("journal"))
    journal.unlink()
    if another:
        os.rename(copy, journal)
    refused(path, f"{journal}, was removed or replaced while it was open", "restart Homeostat")
    assert journal.exists() is another


def test_whoever_was_killed_keeps_nobody_out(path: Path) -> None:
    pid = os.fork()
    if not pid:
        Accounts(Database.open(sqlite_url(path)), Passwords()).add("root", Role.ADMINISTRATOR)
        os._exit(0)  # closes nothing
    os.waitpid(pid, 0)
    assert Path(f"{path}-wal").stat().st_size
    assert add_bob(path).returncode == 0
