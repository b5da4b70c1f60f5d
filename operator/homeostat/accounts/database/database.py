"""The accounts database: an SQLite file in the state folder, or a PostgreSQL that several API servers share.

What it holds cannot be rebuilt. So a file that is damaged is reported and never replaced, a change is on disk before its caller
goes on, and a file comes to be whole or not at all.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, make_url, select, text, update
from sqlalchemy.engine import URL, Dialect
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from homeostat.driver.storage.paths import flush

from ..errors import DatabaseAway, DatabaseBusy, DatabaseDamaged, DatabaseNewer
from .failures import RESTORE, explained
from .migrations import HEAD
from .opened_file import connected, gone, is_open, lock_file, lock_of
from .tables import GenerationRow

BUSY_TIMEOUT = 10.0  # seconds to wait for the write of another one
MIGRATION_LOCK = 7_411_201  # of PostgreSQL's advisory locks: any number that is ours
_WRITES = "homeostat_writes"
_OPENED = "homeostat_opened"


def sqlite_url(path: Path) -> str:
    """Returns the URL of a file."""
    return f"sqlite:///{quote(str(path))}"


class Database:
    """An open database whose tables are those of this version. Threads share it; a process that forks opens its own."""

    def __init__(self, engine: Engine, where: str) -> None:
        self._engine = engine
        self.where = where
        """The database for people: a path, or a URL without its password."""

    @classmethod
    def open(cls, url: str, *, busy_timeout: float = BUSY_TIMEOUT) -> Database:
        """Opens the database, makes it where there is none, and brings it to this version.

        Raises:
            DatabaseTrouble: it does not work. Nothing of it is replaced.
        """
        parsed = _parsed(url)
        if parsed.get_backend_name() == "sqlite":
            path = Path(parsed.database or "")
            found = cls(_sqlite_engine(path, busy_timeout), str(path))
            with exclusively(path):
                if not path.exists():
                    if is_open(path):  # who has it would know nothing of the new one
                        raise gone(path, os.strerror(errno.ENOENT))
                    _make(path, busy_timeout)
                _refuse_empty(path)
                found._bring_up_to_date(path)
            return found
        where = _shown(parsed)
        try:
            found = cls(_server_engine(parsed, busy_timeout), where)
        except ModuleNotFoundError as error:
            raise DatabaseAway(
                f"the accounts database {where} needs the Python package {error.name}", "pip install 'homeostat[postgresql]'"
            ) from error
        found._bring_up_to_date(None)
        return found

    @staticmethod
    def file(url: str) -> Path | None:
        """Returns the file that a URL names. None: it names a server.

        Raises:
            DatabaseAway: that is no URL of one.
        """
        parsed = _parsed(url)
        return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None

    @staticmethod
    def exists(url: str) -> bool:
        """Tells whether there is a database to open. A server's counts as one, and so does one that has gone while it was open.

        Raises:
            DatabaseAway: that is no URL of one.
        """
        file = Database.file(url)
        return file is None or os.path.lexists(file) or is_open(file)

    def close(self) -> None:
        self._engine.dispose()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """Opens a transaction that reads: all of it sees one state of the database."""
        with self._explaining(), Session(self._engine) as session, session.begin():
            yield session

    @contextlib.contextmanager
    def writing(self) -> Iterator[Session]:
        """Opens a transaction that writes what nobody remembers, such as when a token was used. It is carried out as a whole, or
        not at all.

        Raises:
            DatabaseNewer: a newer Homeostat has changed the tables meanwhile. Nothing is written.
        """
        with self._explaining(), Session(self._engine.execution_options(**{_WRITES: True})) as session, session.begin():
            if session.get_bind().dialect.name == "postgresql":  # a file has one writer at a time, its migration too
                session.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": MIGRATION_LOCK})
            self._check_version(session)
            yield session

    @contextlib.contextmanager
    def changing(self) -> Iterator[Session]:
        """Opens a transaction that changes what somebody may do, and moves the generation with it. There is one at a time:
        what it has read stays true until it is carried out."""
        with self.writing() as session:
            session.execute(update(GenerationRow).values(number=GenerationRow.number + 1))
            yield session

    def generation(self) -> int:
        """Returns a number that every change of what somebody may do has moved.

        Raises:
            DatabaseNewer: a newer Homeostat has changed the tables meanwhile.
        """
        with self.reading() as session:
            self._check_version(session)
            return session.execute(select(GenerationRow.number)).scalar_one()

    def _check_version(self, session: Session) -> None:
        version = session.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        if version != HEAD:
            raise DatabaseNewer(
                f"the accounts database {self.where} was brought to version {version} meanwhile; this Homeostat knows {HEAD}",
                "restart this server with the newer Homeostat",
            )

    @contextlib.contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise  # who writes knows what it means
        except DBAPIError as error:
            raise explained(error, self.where) from error
        except PoolTimeout as error:
            raise DatabaseBusy(f"too many wait for the accounts database {self.where}") from error

    def _bring_up_to_date(self, path: Path | None) -> None:
        with self._explaining():
            with self._engine.connect() as connection:
                version = _version(connection)
            if version == HEAD:
                return
            if path is not None and version is None:
                raise DatabaseDamaged(
                    f"the accounts database {path} holds no accounts: it is another program's, or damaged", RESTORE
                )
            with self._engine.execution_options(**{_WRITES: True}).begin() as connection:
                if path is None:  # a file has a lock of its own
                    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
                migrate(connection, self.where)


def migrate(connection: Connection, where: str) -> None:
    """Brings the tables to this version, in the transaction of the connection.

    Raises:
        DatabaseNewer: they are of a version that we do not know.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    version = _version(connection)
    known = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise DatabaseNewer(
            f"the accounts database {where} is of a newer Homeostat (version {version}; this one knows up to {HEAD})",
            "run that Homeostat, or put back a backup of the time before it",
        )
    command.upgrade(config, "head")


def _version(connection: Connection) -> str | None:
    """Returns the version of the tables. None: there are none."""
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def check_url(url: str) -> None:
    """Checks that accounts can be in a database of such an address. It is not asked.

    Raises:
        DatabaseAway: they cannot.
    """
    _parsed(url)


def _parsed(url: str) -> URL:
    mend = "write sqlite:////absolute/path/accounts.db, or postgresql+psycopg://USER@HOST/NAME, as [accounts] database"
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        if backend == "sqlite":
            if not parsed.database or not os.path.isabs(parsed.database):
                raise DatabaseAway("the accounts database is no absolute path", mend)
        elif parsed.drivername != "postgresql+psycopg":
            raise DatabaseAway(f"the accounts database is of a kind that does not work here: {parsed.drivername}", mend)
        return parsed
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise DatabaseAway("the accounts database is no URL of one", mend) from error


def _sqlite_engine(path: Path, busy_timeout: float) -> Engine:
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": busy_timeout})

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Dialect, record: ConnectionPoolEntry, args: list[Any], options: dict[str, Any]) -> sqlite3.Connection:
        def configured() -> sqlite3.Connection:
            made: sqlite3.Connection = dialect.loaded_dbapi.connect(*args, **options)
            made.isolation_level = None  # we begin, not the module, which would begin too late
            for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
                made.execute(f"PRAGMA {pragma}")
            return made

        made, record.info[_OPENED] = connected(path, configured, busy_timeout)
        return made

    @event.listens_for(engine, "close")
    def close(_connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        record.info[_OPENED].let_go()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.info[_OPENED].check()
        # Who begins to read and then writes is refused if somebody wrote in between. So who will write says so at once.
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _shown(url: URL) -> str:
    """Returns a URL for people: a password may be in its query as well, as libpq takes it."""
    hidden = {name: "***" if "pass" in name.lower() else value for name, value in url.query.items()}
    return url.set(query=hidden).render_as_string(hide_password=True)


def _server_engine(url: URL, busy_timeout: float) -> Engine:
    # A connection that has died meanwhile, with its server or on the way, is replaced before it is used. Of one that was cut off
    # without a word the kernel learns within ten seconds; else it would wait for a quarter of an hour.
    silence = {"tcp_user_timeout": 10_000, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
    ours = {"connect_timeout": max(2, int(busy_timeout)), **silence}
    given = {name: value for name, value in ours.items() if name not in url.query}
    engine = create_engine(url, pool_pre_ping=True, connect_args=given)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.execute(f"SET lock_timeout = {int(busy_timeout * 1000)}")
        connection.commit()

    return engine


@contextlib.contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """Holds the lock of whoever makes the file or its tables, in any process or thread."""
    handle = lock_file(Path(f"{path}.lock"), path)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _refuse_empty(path: Path) -> None:
    # SQLite takes an empty file for a new database. It is none: ours comes to its place whole.
    if not path.stat().st_size:
        raise DatabaseDamaged(f"the accounts database {path} is empty: it was cut off", RESTORE)


def _make(path: Path, busy_timeout: float) -> None:
    """Makes the file beside its place and moves it there, so that an empty file at its place is always a damaged one."""
    aside = Path(f"{path}.new")
    for left in (aside, Path(f"{aside}-wal"), Path(f"{aside}-shm"), lock_of(aside)):
        left.unlink(missing_ok=True)  # of somebody who was killed
    os.close(os.open(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    made = Database(_sqlite_engine(aside, busy_timeout), str(path))
    with made._explaining(), made._engine.execution_options(**{_WRITES: True}).begin() as connection:
        migrate(connection, str(path))
    made.close()  # the last one to close takes the journal into the file
    lock_of(aside).unlink()
    os.rename(aside, path)
    flush(path.parent)
