"""The SQLite file behind the YAML folder: parsed specs, statuses, events, revisions. Readers read nothing else.

Several processes use it at once (WAL), and several threads in each of them, with a connection per thread.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from homeostat.models.base import Key
from homeostat.store.errors import IndexDamaged, ReadOnly, StateError, StoreError

from . import schema
from .row import COLUMNS, Row

log = logging.getLogger(__name__)

BUSY_TIMEOUT = 10.0
"""Seconds to wait for the write of another process. The longest write is a first pass over thousands of documents."""

FINALIZER = "homeostat.dev/teardown"


def timestamp(now: datetime) -> str:
    """Returns the time as RFC 3339 in UTC. Milliseconds keep the order of events within a second."""
    return now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def compact(value: Any) -> str:
    """Returns JSON text that is equal for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class Index:
    """Opens and owns the SQLite file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.message = ""  # for people: what had to be done to open the file
        self.generation = 0  # grows whenever another file has taken its place
        self.troubled: Callable[[StoreError | None], None] = lambda error: None
        """Is called with the reason when a write fails, and with None when writes succeed again."""
        self.in_trouble = False
        self._owned = False
        self._file = (0, 0)
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._writing = threading.RLock()

    @classmethod
    def open(cls, path: Path, *, repair: bool = False, now: datetime | None = None) -> Index:
        """Opens the file, and creates it where it is missing.

        With ``repair`` (the operator, which is alone) its integrity is checked. A damaged file is moved aside as
        index.sqlite.corrupt-<time>. Everything comes back from the YAML, except statuses, events and revisions.

        Raises:
            IndexDamaged: it is not a database, and ``repair`` was not asked for.
            StateError: a newer version wrote it.
            ReadOnly: no permission, or no space.
        """
        index = cls(path)
        index._owned = repair
        try:
            index._prepare(check=repair)
        except IndexDamaged:
            if not repair:
                raise
            index.close()
            aside = index._move_aside(now or datetime.now(UTC))
            index._prepare(check=False)
            index.message = (
                f"the index {path} was damaged and has been moved to {aside}: it is rebuilt from the YAML folder. "
                "Events and revisions from before are lost, machines are not"
            )
        return index

    def _prepare(self, *, check: bool) -> None:
        try:
            if not self.path.exists():
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
            database = self.connection
            if check and (found := database.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise IndexDamaged(f"the index {self.path} is damaged: {found}")
            if check_format(self.path, database) == 0:
                self._create(database)
                database.execute("PRAGMA wal_checkpoint")  # so that the file is not empty
            elif check:
                self._check_texts(database)
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name='unaudited'").fetchone():
                self._create(database)
            self._file = self._identity() or (0, 0)
        except sqlite3.OperationalError as error:
            raise ReadOnly(f"cannot open the index {self.path}: {error}; check permissions and free space") from error
        except OSError as error:
            raise ReadOnly(f"cannot open the index {self.path}: {error.strerror}") from error
        except sqlite3.DatabaseError as error:
            raise IndexDamaged(
                f"the index {self.path} is damaged ({error}): `homeostat up` moves it away and rebuilds it from the YAML folder"
            ) from error

    def _check_texts(self, database: sqlite3.Connection) -> None:
        """Checks the texts, since SQLite's own check does not see where one is not what was written.

        Raises:
            IndexDamaged: one is not.
        """
        for table, columns in schema.JSON.items():
            wrong = " OR ".join(f"({column} IS NOT NULL AND NOT json_valid({column}))" for column in columns)
            if database.execute(f"SELECT 1 FROM {table} WHERE {wrong} LIMIT 1").fetchone():  # noqa: S608 - names of ours
                raise IndexDamaged(f"the index {self.path} is damaged: a text in its table {table} is not what was written")

    @staticmethod
    def _create(database: sqlite3.Connection) -> None:
        database.execute("BEGIN IMMEDIATE")
        try:
            if database.execute("PRAGMA user_version").fetchone()[0] == 0:  # otherwise another process was first
                for statement in _statements(schema.TABLES):
                    database.execute(statement)
                database.execute(f"PRAGMA user_version = {schema.VERSION}")
            for statement in _statements(schema.UNAUDITED):
                database.execute(statement)
            database.execute("COMMIT")
        except BaseException:
            database.execute("ROLLBACK")
            raise

    def _move_aside(self, now: datetime) -> Path:
        aside = self.path.with_name(f"{self.path.name}.corrupt-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")
        os.replace(self.path, aside)
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.replace(f"{self.path}{suffix}", f"{aside}{suffix}")
        return aside

    @property
    def connection(self) -> sqlite3.Connection:
        """Returns the connection of this thread."""
        known: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if known is not None and self._local.generation != self.generation and not known.in_transaction:
            self._forget(known)
            known = None
        if known is None:
            generation = self.generation
            known = self.connect()
            self._local.connection, self._local.generation = known, generation
        return known

    def connect(self) -> sqlite3.Connection:
        """Opens one more connection, which is closed with the index."""
        place = f"file:{quote(str(self.path))}?mode=rw"  # where the file was removed, no empty one is created
        made = sqlite3.connect(place, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False, uri=True)
        with self._guard:
            self._connections.append(made)
        made.execute("PRAGMA journal_mode = WAL")
        made.execute("PRAGMA synchronous = NORMAL")
        made.execute("PRAGMA wal_autocheckpoint = 4000")  # pages of 4 KiB. Each checkpoint waits for the disk
        made.execute("PRAGMA foreign_keys = ON")
        return made

    def close(self) -> None:
        with self._guard:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
        self._local = threading.local()

    def _forget(self, connection: sqlite3.Connection) -> None:
        with self._guard:
            self._connections.remove(connection)
        connection.close()

    def _identity(self) -> tuple[int, int] | None:
        """Returns the identity of the file that has the name now. None: there is no file, or one that is being created."""
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        return (found.st_dev, found.st_ino) if found.st_size else None

    def check_file(self) -> int:
        """Checks whether the file was removed or replaced, and returns the generation. The operator, which owns the index, puts
        the file that it still has open back, so that nothing is lost. Others go on with the file that is there. Costs one stat.
        """
        known = self._identity()
        if known == self._file:
            return self.generation
        if self._owned:
            try:
                self._put_back()
            except (OSError, sqlite3.Error) as error:
                self._tell(ReadOnly(f"the index {self.path} was removed, and cannot be put back: {error}"))
                return self.generation
            log.warning("the index %s was removed or replaced while in use: it has been put back, nothing is lost", self.path)
        elif known is None:
            return self.generation
        self._file = self._identity() or (0, 0)
        self.generation += 1
        return self.generation

    def _put_back(self) -> None:
        aside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        with self._writing:
            aside.unlink(missing_ok=True)
            with contextlib.closing(sqlite3.connect(aside, isolation_level=None)) as copy:
                self.connection.backup(copy)
            for suffix in ("-wal", "-shm"):  # of another file: SQLite would take their pages for those of this one
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
            aside.chmod(0o600)
            os.replace(aside, self.path)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Opens a transaction: all of it is written or nothing, and nobody else writes meanwhile.

        Raises:
            ReadOnly: the disk is full, or the file cannot be written.
        """
        with self._writing:
            try:
                database = self.connection
                database.execute("BEGIN IMMEDIATE")
                try:
                    yield database
                    database.execute("COMMIT")
                except BaseException:
                    if database.in_transaction:
                        database.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                explained = self._explained(error)
                self._tell(explained)
                raise explained from error
        if self.in_trouble:
            self._tell(None)

    def _tell(self, error: StoreError | None) -> None:
        self.in_trouble = error is not None
        self.troubled(error)

    def try_again(self) -> None:
        """Writes something small.

        Raises:
            StoreError: as ``transaction``.
        """
        with self.transaction() as database:
            set_setting(database, "tried", timestamp(datetime.now(UTC)))

    def read(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """Returns all rows of a SELECT.

        Raises:
            StateError: the file is damaged, or another process has locked it for too long.
        """
        try:
            return self.connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def _explained(self, error: sqlite3.Error) -> StoreError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return StateError(f"the index {self.path} is held by another process for longer than {BUSY_TIMEOUT:.0f} s")
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return IndexDamaged(
                f"the index {self.path} is damaged ({error}): restart `homeostat up`, which rebuilds it from the YAML folder"
            )
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
            return ReadOnly(f"cannot write the index {self.path}: {error}; check permissions and free space")
        return StateError(f"the index {self.path} cannot be used: {error}")

    def row(self, key: Key) -> Row | None:
        found = self.read(
            f"SELECT {COLUMNS} FROM resources WHERE kind=? AND namespace=? AND name=?",  # noqa: S608
            (key.kind, key.namespace, key.name),
        )
        return Row(*found[0]) if found else None

    def rows(self, kind: str | None = None, namespace: str | None = None) -> list[Row]:
        """Returns the rows, sorted by kind, namespace and name."""
        wanted = {"kind": kind, "namespace": namespace}
        where = " AND ".join(f"{column}=?" for column, value in wanted.items() if value is not None) or "1"
        found = self.read(
            f"SELECT {COLUMNS} FROM resources WHERE {where} ORDER BY kind, namespace, name",  # noqa: S608
            [value for value in wanted.values() if value is not None],
        )
        return [Row(*row) for row in found]

    def data_version(self) -> int:
        """Returns a number that differs after another connection has written, of any process or thread, and after another file
        has taken the place of this one. Costs 3 us."""
        return (self.check_file() << 32) + int(self.read("PRAGMA data_version")[0][0])

    def version(self) -> int:
        """Returns the resourceVersion of the newest write."""
        return int(self.read("SELECT value FROM counters WHERE name='version'")[0][0])

    def changed_since(self, cursor: int, statuses: bool = False) -> tuple[Sequence[Key], int]:
        """Returns the keys whose metadata or spec changed after ``cursor``, oldest first, and the new cursor. With ``statuses``
        also those whose status changed. Removed ones are included, except from the beginning (0)."""
        written = "version" if statuses else "changed"
        found = self.read(
            f"SELECT kind, namespace, name, {written} AS at FROM resources WHERE {written} > ?1 UNION ALL "  # noqa: S608
            "SELECT kind, namespace, name, changed AS at FROM removals WHERE changed > ?1 AND ?1 > 0 ORDER BY at",
            (cursor,),
        )
        return [Key(*row[:3]) for row in found], found[-1][3] if found else cursor

    def setting(self, name: str) -> str | None:
        found = self.read("SELECT value FROM settings WHERE name=?", (name,))
        return str(found[0][0]) if found else None


def check_format(path: Path, database: sqlite3.Connection) -> int:
    """Returns the format of an opened index, 0 where it is empty. ``path``: which one is named.

    Raises:
        StateError: another version wrote it.
    """
    version = int(database.execute("PRAGMA user_version").fetchone()[0])
    if version not in (0, schema.VERSION):
        raise StateError(
            f"the index {path} has format {version}, this version of Homeostat writes {schema.VERSION}: "
            "use the version that wrote it, or move the file away to have it rebuilt from the YAML folder"
        )
    return version


def set_setting(database: sqlite3.Connection, name: str, value: str | None) -> None:
    if value is None:
        database.execute("DELETE FROM settings WHERE name=?", (name,))
    else:
        database.execute("INSERT OR REPLACE INTO settings VALUES (?,?)", (name, value))


def next_version(database: sqlite3.Connection) -> int:
    """Returns the next resourceVersion. Is called within a transaction."""
    return int(database.execute("UPDATE counters SET value=value+1 WHERE name='version' RETURNING value").fetchone()[0])


def _statements(script: str) -> Iterator[str]:
    """Splits a script into its statements. executescript() would commit the transaction that it must run in."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
