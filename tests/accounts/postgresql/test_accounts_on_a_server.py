"""Accounts in PostgreSQL: what only a server does. Everything else is tested as with SQLite, by the tests beside this folder."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.database.database import Database
from homeostat.accounts.database.tables import AccountsTable
from homeostat.accounts.errors import DatabaseAway, DatabaseBusy, DatabaseNewer, DatabaseReadOnly
from homeostat.accounts.rights import Right, Role
from homeostat.accounts.signing_in.api_tokens import ApiTokens
from homeostat.accounts.signing_in.passwords import Passwords
from homeostat.accounts.signing_in.sign_in import SignIn
from homeostat.cli.main import run
from tests.rig.postgres import Postgres

GOOD = "correct horse"
PASSWORDS = Passwords(iterations=1, memory=8)


def test_many_servers_make_the_tables_once(server: Postgres, name: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: Database.open(server.url(name)), range(4)))
    assert {database.generation() for database in opened} == {1}
    with opened[0].reading() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, AccountsTable.metadata) == []
    for database in opened:
        database.close()


def test_of_a_newer_version(server: Postgres, name: str) -> None:
    Database.open(server.url(name)).close()
    server.run("UPDATE alembic_version SET version_num = '9999'", name)
    with pytest.raises(DatabaseNewer, match="9999"):
        Database.open(server.url(name))


def test_the_server_dies_and_comes_back(server: Postgres, name: str) -> None:
    database = Database.open(server.url(name))
    accounts = Accounts(database, PASSWORDS)
    accounts.add("root", Role.ADMINISTRATOR)
    server.stop()
    try:
        with pytest.raises(DatabaseAway) as refused:
            accounts.list()
        assert "its server runs" in refused.value.mend
        with pytest.raises(DatabaseAway):
            Database.open(server.url(name))
    finally:
        server.start()
    assert [account.name for account in accounts.list()] == ["root"]
    database.close()


def test_it_takes_no_writes(server: Postgres, name: str) -> None:
    Database.open(server.url(name)).close()
    server.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    database = Database.open(server.url(name))
    assert Accounts(database, PASSWORDS).list() == []
    with pytest.raises(DatabaseReadOnly):
        Accounts(database, PASSWORDS).add("root", Role.ADMINISTRATOR)
    database.close()


def test_another_one_writes_for_too_long(server: Postgres, name: str) -> None:
    first, second = Database.open(server.url(name)), Database.open(server.url(name), busy_timeout=0.05)
    with first.changing(), pytest.raises(DatabaseBusy):
        Accounts(second, PASSWORDS).add("root", Role.ADMINISTRATOR)
    Accounts(second, PASSWORDS).add("root", Role.ADMINISTRATOR)
    first.close()
    second.close()


def test_no_such_database(server: Postgres) -> None:
    with pytest.raises(DatabaseAway, match="does not exist"):
        Database.open(server.url("none"))


def test_a_user_who_may_not_make_tables(server: Postgres, name: str) -> None:
    server.run(f"CREATE ROLE weak_{name} LOGIN")
    with pytest.raises(DatabaseReadOnly):
        Database.open(server.url(name).replace("homeostat@", f"weak_{name}@"))
    server.run(f"DROP ROLE weak_{name}")


def test_a_dump_lets_nobody_in(server: Postgres, name: str) -> None:
    database = Database.open(server.url(name))
    Accounts(database, PASSWORDS).add("root", Role.ADMINISTRATOR, GOOD)
    signed_in = SignIn(database, PASSWORDS).sign_in("root", GOOD, "192.0.2.1")
    _, token = ApiTokens(database).create("root", "ci", {Right.SEE})
    database.close()
    dump = server.dump(name)
    assert "root" in dump and "$argon2id$" in dump
    for secret in (GOOD, signed_in.access, signed_in.refresh, token):
        assert secret not in dump and secret[4:] not in dump


def test_the_command_line_names_it(
    server: Postgres, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOMEOSTAT_ACCOUNTS__DATABASE", server.url(name))
    state = ["--state", str(tmp_path / "state")]
    assert run(["user", "list", *state]) == 0
    assert "There are no accounts" in capsys.readouterr().out
    assert run(["user", "add", "root", "--role", "administrator", "--no-password", *state]) == 0
    capsys.readouterr()
    assert run(["user", "list", "-o", "name", *state]) == 0
    assert capsys.readouterr().out == "root\n"
    assert list(tmp_path.rglob("*.db")) == []
