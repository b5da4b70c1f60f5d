"""A backup is made while servers write, and comes back without what was ended since."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.database.backups import back_up, restore
from homeostat.accounts.database.database import Database, sqlite_url
from homeostat.accounts.errors import BackupRefused, DatabaseBusy, DatabaseDamaged, DatabaseReadOnly, NotSignedIn
from homeostat.accounts.rights import Right, Role
from homeostat.accounts.signing_in.api_tokens import ApiTokens
from homeostat.accounts.signing_in.passwords import Passwords
from homeostat.accounts.signing_in.recognition import Recognition
from homeostat.accounts.signing_in.sessions import Sessions
from homeostat.accounts.signing_in.sign_in import SignIn
from tests.accounts.clock import SetClock

GOOD, HOME = "correct horse", "192.0.2.1"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "accounts.db"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups" / "copy"


def test_there_and_back(
    place: Path,
    copy: Path,
    database: Database,
    accounts: Accounts,
    sign_in: SignIn,
    tokens: ApiTokens,
    passwords: Passwords,
    clock: SetClock,
) -> None:
    root = accounts.add("root", Role.ADMINISTRATOR, GOOD)
    signed_in = sign_in.sign_in("root", GOOD, HOME)
    _, token = tokens.create("root", "ci", Right)
    back_up(place, copy)  # while the database is open
    accounts.add("mallory", Role.ADMINISTRATOR)
    database.close()

    aside = restore(copy, place, clock.now)
    again = Database.open(sqlite_url(place))
    assert list(Accounts(again, passwords).list()) == [root]
    assert SignIn(again, passwords, clock).sign_in("root", GOOD, HOME).name == "root"
    recognition = Recognition(again, clock)
    assert recognition.who(token).actor.name == "root"
    with pytest.raises(NotSignedIn):
        recognition.who(signed_in.access)
    with pytest.raises(NotSignedIn):
        Sessions(again, clock).refresh(signed_in.refresh)
    again.close()
    assert aside == place.with_name("accounts.db.before-20261127T120000")
    before = Database.open(sqlite_url(aside))
    assert [account.name for account in Accounts(before, passwords).list()] == ["mallory", "root"]
    before.close()


def test_a_copy_is_its_owners_alone_and_nothing_is_beside_it(
    place: Path, copy: Path, accounts: Accounts, sign_in: SignIn
) -> None:
    accounts.add("root", Role.ADMINISTRATOR, GOOD)
    session = sign_in.sign_in("root", GOOD, HOME, "a-client-of-ours")
    back_up(place, copy)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert list(copy.parent.iterdir()) == [copy]
    content = copy.read_bytes()
    assert session.session.encode() not in content and b"a-client-of-ours" not in content


def test_it_is_whole_while_others_write(place: Path, copy: Path, accounts: Accounts, passwords: Passwords) -> None:
    accounts.add("root", Role.ADMINISTRATOR)
    begun, stop, added = threading.Event(), threading.Event(), list[str]()

    def write() -> None:
        while not stop.is_set():
            name = f"user{len(added)}"
            accounts.add(name)
            added.append(name)
            begun.set()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert begun.wait(30)
        sure = list(added)
        back_up(place, copy)
    finally:
        stop.set()
        thread.join(30)
    copied = Database.open(sqlite_url(copy))
    assert {account.name for account in Accounts(copied, passwords).list()} >= {*sure, "root"}
    copied.close()


def test_no_file_is_replaced(place: Path, copy: Path, accounts: Accounts) -> None:
    copy.write_text("mine")
    with pytest.raises(BackupRefused, match="exists already"):
        back_up(place, copy)
    assert copy.read_text() == "mine"


def test_where_nobody_can_write(place: Path, copy: Path, accounts: Accounts) -> None:
    with pytest.raises(BackupRefused, match="cannot be written"):
        back_up(place, copy.parent / "none" / "copy")


def test_a_damaged_database_makes_no_backup(place: Path, copy: Path) -> None:
    place.write_bytes(b"nonsense" * 1000)
    with pytest.raises(DatabaseDamaged):
        back_up(place, copy)
    assert not copy.exists()


def test_it_is_not_put_under_whoever_uses_the_accounts(
    place: Path, copy: Path, database: Database, accounts: Accounts, clock: SetClock
) -> None:
    accounts.add("root", Role.ADMINISTRATOR)
    back_up(place, copy)
    accounts.add("bob")
    with pytest.raises(DatabaseBusy) as refused:
        restore(copy, place, clock.now)
    assert "stop Homeostat" in refused.value.mend
    assert len(accounts.list()) == 2
    assert not list(place.parent.glob("*.restored*")) and not list(place.parent.glob("*.before*"))


@pytest.mark.parametrize("content", [b"", b"nonsense" * 1000, None])
def test_what_is_no_backup(
    place: Path, copy: Path, database: Database, accounts: Accounts, clock: SetClock, content: bytes | None
) -> None:
    accounts.add("root", Role.ADMINISTRATOR)
    if content is not None:
        copy.write_bytes(content)
    with pytest.raises(BackupRefused) as refused:
        restore(copy, place, clock.now)
    assert str(copy) in str(refused.value) and ".restored" not in str(refused.value)
    assert len(accounts.list()) == 1
    assert not list(place.parent.glob("*.restored*"))


def test_one_that_is_damaged_within(place: Path, copy: Path, database: Database, accounts: Accounts, clock: SetClock) -> None:
    accounts.add("root", Role.ADMINISTRATOR)
    back_up(place, copy)
    with copy.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\x5a" * 4096)
    database.close()
    with pytest.raises(BackupRefused):
        restore(copy, place, clock.now)
    assert place.exists()


def break_a_rule(path: Path) -> None:
    """Empties a column that is never empty, which no statement that reads notices."""
    for before, after, then in (("role VARCHAR(16) NOT NULL", "role VARCHAR(16)", "UPDATE accounts SET role = NULL"),
                                ("role VARCHAR(16)", "role VARCHAR(16) NOT NULL", "")):  # fmt: skip
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = 'accounts'", (before, after))
        connection.close()
        if then:
            connection = sqlite3.connect(path, isolation_level=None)
            connection.execute(then)
            connection.close()


def test_what_breaks_a_rule_is_copied_neither_there_nor_back(
    place: Path, copy: Path, database: Database, accounts: Accounts, clock: SetClock
) -> None:
    accounts.add("root", Role.ADMINISTRATOR)
    back_up(place, copy)
    break_a_rule(copy)
    database.close()
    with pytest.raises(BackupRefused, match="role"):
        restore(copy, place, clock.now)
    break_a_rule(place)
    with pytest.raises(DatabaseDamaged, match="role"):
        back_up(place, copy.with_name("other"))
    assert not copy.with_name("other").exists()


def test_no_session_comes_back_whoever_made_the_copy(
    place: Path, copy: Path, database: Database, accounts: Accounts, sign_in: SignIn, clock: SetClock
) -> None:
    accounts.add("root", Role.ADMINISTRATOR, GOOD)
    session = sign_in.sign_in("root", GOOD, HOME)
    connection = sqlite3.connect(place, isolation_level=None)
    connection.execute("VACUUM INTO ?", (str(copy),))
    connection.close()
    database.close()
    restore(copy, place, clock.now)
    again = Database.open(sqlite_url(place))
    assert Sessions(again, clock).list() == []
    with pytest.raises(NotSignedIn):
        Recognition(again, clock).who(session.access)
    again.close()


@pytest.fixture
def backed_up(place: Path, copy: Path, database: Database, accounts: Accounts) -> Path:
    """Returns a copy of what is closed now."""
    accounts.add("root", Role.ADMINISTRATOR)
    back_up(place, copy)
    database.close()
    return copy


def test_the_place_may_be_damaged_or_empty(place: Path, backed_up: Path, clock: SetClock) -> None:
    place.write_bytes(b"nonsense" * 1000)
    aside = restore(backed_up, place, clock.now)
    assert aside is not None and aside.read_bytes() == b"nonsense" * 1000
    place.unlink()
    assert restore(backed_up, place, clock.now) is None
    again = sqlite3.connect(place)
    assert again.execute("SELECT name FROM accounts").fetchall() == [("root",)]
    again.close()


def test_a_journal_that_cannot_be_read_goes_aside_with_it(place: Path, backed_up: Path, clock: SetClock) -> None:
    Path(f"{place}-wal").mkdir()
    aside = restore(backed_up, place, clock.now)
    assert Path(f"{aside}-wal").is_dir() and not Path(f"{place}-wal").exists()


def test_no_file_stays_open(place: Path, copy: Path, database: Database, accounts: Accounts, clock: SetClock) -> None:
    def opened() -> int:
        return len(os.listdir("/proc/self/fd"))

    accounts.add("root", Role.ADMINISTRATOR)
    database.close()
    before = opened()
    back_up(place, copy)
    restore(copy, place, clock.now)
    with pytest.raises(BackupRefused):
        back_up(place, copy)
    with pytest.raises(BackupRefused):
        restore(copy.parent, place, clock.now)
    assert opened() == before


def test_one_that_cannot_be_read_leaves_all_as_it_was(
    place: Path, copy: Path, accounts: Accounts, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    accounts.add("root", Role.ADMINISTRATOR)
    back_up(place, copy)
    before = sorted(place.parent.iterdir())
    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(DatabaseReadOnly, match="Input/output error"):
        restore(copy, place, clock.now)
    assert sorted(place.parent.iterdir()) == before


def test_one_that_sqlite_cannot_write_leaves_nothing(
    place: Path, copy: Path, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    accounts.add("root", Role.ADMINISTRATOR)
    monkeypatch.setattr("homeostat.accounts.database.backups._connected", fail)
    with pytest.raises(BackupRefused, match="cannot be written: database or disk is full"):
        back_up(place, copy)
    assert list(copy.parent.iterdir()) == []
