"""A database in a folder of its own, with small hashes and a clock that tests set."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.database.database import Database, sqlite_url
from homeostat.accounts.signing_in.api_tokens import ApiTokens
from homeostat.accounts.signing_in.passwords import Passwords
from homeostat.accounts.signing_in.recognition import Recognition
from homeostat.accounts.signing_in.sessions import Sessions
from homeostat.accounts.signing_in.sign_in import SignIn
from tests.accounts.clock import SetClock
from tests.rig.postgres import Postgres
from tests.unit.accounts.conftest import passwords
from tests.unit.conftest import pytest_collection_finish
from tests.unit.store_fixtures import index, room

__all__ = ["index", "passwords", "pytest_collection_finish", "room"]  # fixtures, and a hook


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Returns a database without accounts, made once: each test has a copy of it."""
    path = tmp_path_factory.mktemp("accounts") / "accounts.db"
    Database.open(sqlite_url(path)).close()
    return path.read_bytes()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres | None]:
    """Runs a PostgreSQL where the tests are to be about one (the second half of `make accounts`), with a database to copy."""
    if os.environ.get("HOMEOSTAT_TEST_DATABASE") != "postgresql":
        yield None
        return
    server = Postgres()
    try:
        server.run("CREATE DATABASE made_once")
        Database.open(server.url("made_once")).close()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def administrator(postgres: Postgres | None) -> Iterator[psycopg.Connection | None]:
    """Yields a connection that makes and drops databases: a psql for each would take longer than most tests."""
    if postgres is None:
        yield None
        return
    with psycopg.connect(f"host={postgres.folder} user=homeostat dbname=postgres", autocommit=True) as connection:
        yield connection


@pytest.fixture
def url(tmp_path: Path, made_once: bytes, postgres: Postgres | None, administrator: psycopg.Connection | None) -> Iterator[str]:
    """Yields the URL of a database without accounts."""
    if postgres is not None and administrator is not None:
        name = f"test_{uuid.uuid4().hex}"
        administrator.execute(f"CREATE DATABASE {name} TEMPLATE made_once")
        yield postgres.url(name)
        administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")
        return
    path = tmp_path / "accounts.db"
    path.write_bytes(made_once)
    path.chmod(0o600)
    yield sqlite_url(path)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database.open(url)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def accounts(database: Database, passwords: Passwords, clock: SetClock) -> Accounts:
    return Accounts(database, passwords, clock)


@pytest.fixture
def sign_in(database: Database, passwords: Passwords, clock: SetClock) -> SignIn:
    return SignIn(database, passwords, clock)


@pytest.fixture
def sessions(database: Database, clock: SetClock) -> Sessions:
    return Sessions(database, clock)


@pytest.fixture
def tokens(database: Database, clock: SetClock) -> ApiTokens:
    return ApiTokens(database, clock)


@pytest.fixture
def recognition(database: Database, clock: SetClock) -> Recognition:
    """Counts its half seconds by the clock that tests set."""

    def seconds() -> float:
        return clock.now.timestamp()

    return Recognition(database, clock, seconds)
