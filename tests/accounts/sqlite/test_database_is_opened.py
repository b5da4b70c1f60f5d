"""The database comes to be whole or not at all, and one that does not work is reported and never replaced."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, text

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.database import migrations
from homeostat.accounts.database.database import MIGRATION_LOCK, Database, sqlite_url
from homeostat.accounts.database.tables import AccountsTable
from homeostat.accounts.errors import (
    DatabaseAway,
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseFull,
    DatabaseNewer,
    DatabaseReadOnly,
    DatabaseTrouble,
)
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.passwords import Passwords

GOOD = "correct horse"


def test_a_new_one_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "accounts.db"
    Database.open(sqlite_url(path)).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["accounts.db", "accounts.db.held", "accounts.db.lock"]


def test_what_is_written_beside_it_is_its_owners_alone(tmp_path: Path, database: Database, accounts: Accounts) -> None:
    accounts.add("root", Role.ADMINISTRATOR)
    assert {stat.S_IMODE(entry.stat().st_mode) for entry in tmp_path.iterdir()} == {0o600}
    assert (tmp_path / "accounts.db-wal").exists()


def test_many_open_a_new_one_at_once(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "accounts.db")
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: Database.open(url), range(4)))
    assert {database.generation() for database in opened} == {1}
    for database in opened:
        database.close()


def test_what_a_killed_one_left_is_no_hindrance(tmp_path: Path) -> None:
    for name in ("accounts.db.new", "accounts.db.new-wal", "accounts.db.new-shm", "accounts.db.new.held"):
        (tmp_path / name).write_bytes(b"half")
    Database.open(sqlite_url(tmp_path / "accounts.db")).close()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["accounts.db", "accounts.db.held", "accounts.db.lock"]


@pytest.mark.parametrize("name", ["a?b", "a%b", "a b", "ä#&"])
def test_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / "accounts.db"
    path.parent.mkdir()
    Database.open(sqlite_url(path)).close()
    assert path.exists()


def test_migrations_make_what_the_tables_say(database: Database) -> None:
    with database.reading() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, AccountsTable.metadata) == []


def test_one_of_an_older_version_is_brought_up(tmp_path: Path, passwords: Passwords) -> None:
    path = tmp_path / "accounts.db"
    engine = create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("INSERT INTO accounts (name, role, made) VALUES ('root', 'administrator', 0)"))
    engine.dispose()
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: Database.open(sqlite_url(path)), range(4)))
    assert [account.name for account in Accounts(opened[0], passwords).list()] == ["root"]
    Accounts(opened[0], passwords).add("bob")
    for database in opened:
        database.close()


def test_the_last_migration_is_the_one_that_is_known() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == migrations.HEAD


@pytest.mark.parametrize("content", [b"", b"nonsense" * 1000, b"SQLite format 3\0" + b"\xff" * 4096])
def test_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "accounts.db"
    path.write_bytes(content)
    with pytest.raises(DatabaseDamaged) as refused:
        Database.open(sqlite_url(path))
    assert str(path) in str(refused.value) and "backup" in refused.value.mend
    assert path.read_bytes() == content


def test_damaged_within(tmp_path: Path, database: Database, accounts: Accounts, url: str) -> None:
    accounts.add("root", Role.ADMINISTRATOR)
    database.close()
    path = tmp_path / "accounts.db"
    with path.open("r+b") as file:  # all pages but the first, which holds the schema
        file.seek(4096)
        file.write(b"\x5a" * (path.stat().st_size - 4096))
    with pytest.raises(DatabaseDamaged):
        Accounts(Database.open(url), Passwords()).list()


def test_another_database_of_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "accounts.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE resources (name TEXT)")
    other.close()
    with pytest.raises(DatabaseDamaged, match="holds no accounts"):
        Database.open(sqlite_url(path))


def test_of_a_newer_version(tmp_path: Path, url: str) -> None:
    with sqlite3.connect(tmp_path / "accounts.db") as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    newer.close()
    with pytest.raises(DatabaseNewer, match="9999") as refused:
        Database.open(url)
    assert "run that Homeostat" in refused.value.mend


def test_locked(tmp_path: Path, url: str, passwords: Passwords) -> None:
    database = Database.open(url, busy_timeout=0.01)
    other = sqlite3.connect(tmp_path / "accounts.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusy):
        Accounts(database, passwords).add("root", Role.ADMINISTRATOR, GOOD)
    assert Accounts(database, passwords).list() == []  # who reads waits for nobody
    other.execute("ROLLBACK")
    other.close()
    Accounts(database, passwords).add("root", Role.ADMINISTRATOR, GOOD)
    database.close()


def test_full(url: str, passwords: Passwords) -> None:
    database = Database.open(url)
    accounts = Accounts(database, passwords)
    accounts.add("root", Role.ADMINISTRATOR, GOOD)
    before, generation = accounts.list(), database.generation()
    with database.writing() as session:
        pages = session.connection().exec_driver_sql("PRAGMA page_count").scalar_one()
        session.connection().exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(DatabaseFull) as refused:
        for number in range(10_000):
            accounts.add(f"{number:060}")
    assert "make room" in refused.value.mend
    added = len(accounts.list()) - len(before)
    assert database.generation() == generation + added
    database.close()


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.EROFS, DatabaseReadOnly), (errno.EACCES, DatabaseReadOnly), (errno.EIO, DatabaseAway)]
)
def test_a_folder_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[DatabaseTrouble]
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(kind, match=os.strerror(number)):
        Database.open(sqlite_url(tmp_path / "accounts.db"))


def test_a_database_that_only_reads(url: str, passwords: Passwords) -> None:
    database = Database.open(url)
    with database.reading() as session:
        session.connection().exec_driver_sql("PRAGMA query_only=ON")
    with pytest.raises(DatabaseReadOnly) as refused:
        Accounts(database, passwords).add("root", Role.ADMINISTRATOR)
    assert "modes" in refused.value.mend
    database.close()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DatabaseAway):
        Database.open(sqlite_url(tmp_path / "none" / "accounts.db"))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "accounts.db",
        "sqlite://",
        "sqlite:///accounts.db",
        "sqlite:///:memory:",
        "mysql://h/x",
        "postgresql://h/x",
        "http://x",
    ],
)
def test_what_is_no_url_of_one(url: str) -> None:
    with pytest.raises(DatabaseAway) as refused:
        Database.open(url)
    assert "postgresql+psycopg://" in refused.value.mend


@pytest.mark.parametrize("url", ["me:s3cretword@/accounts?host=HOST", "me@/accounts?host=HOST&password=s3cretword"])
def test_a_server_that_is_not_there_is_named_without_its_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(DatabaseAway, match="cannot be reached") as refused:
        Database.open(f"postgresql+psycopg://{url.replace('HOST', str(tmp_path))}")
    assert "s3cretword" not in str(refused.value) + refused.value.mend


def test_a_refused_change_leaves_nothing(database: Database, accounts: Accounts) -> None:
    accounts.add("root", Role.ADMINISTRATOR)
    with pytest.raises(DatabaseTrouble), database.changing() as session:
        session.connection().exec_driver_sql("UPDATE accounts SET name = 'other'")
        session.connection().exec_driver_sql("nonsense")
    assert [account.name for account in accounts.list()] == ["root"]
    assert database.generation() == 2


def test_changes_wait_for_each_other(database: Database) -> None:
    inside, order = threading.Event(), list[str]()

    def second() -> None:
        inside.wait(30)
        with database.changing():
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with database.changing():
        inside.set()
        order.append("first")
    thread.join(30)
    assert order == ["first", "second"]


def test_the_empty_database_of_a_server_is_filled_under_its_lock(tmp_path: Path) -> None:
    engine, locked = create_engine(f"sqlite:///{tmp_path}/as-if.db"), list[int]()  # a server's comes to be empty

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.create_function("pg_advisory_xact_lock", 1, locked.append)

    made = Database(engine, "as if of a server")
    made._bring_up_to_date(None)
    assert made.generation() == 1 and locked == [MIGRATION_LOCK]
    made._bring_up_to_date(None)
    assert locked == [MIGRATION_LOCK]  # there was nothing to do
    made.close()
