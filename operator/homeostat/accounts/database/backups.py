"""A copy of the accounts in SQLite, made while servers use them, and its way back. PostgreSQL has its own: pg_dump.

A copy holds accounts, identities, tokens and grants. Sessions are not in it, nor the keys that sign for them: what was ended
since would come back to life.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from homeostat.driver.storage.paths import flush

from ..errors import BackupRefused, DatabaseBusy, DatabaseDamaged, DatabaseReadOnly, DatabaseTrouble
from .database import Database, exclusively, sqlite_url
from .opened_file import is_open, lock_of

PASSING = ("refresh_tokens", "sessions", "signing_keys", "sign_in_failures")
"""Tables that no copy holds."""


def back_up(source: Path, target: Path) -> None:
    """Copies the accounts into a file of its own, mode 0600. It comes to its place whole.

    Raises:
        BackupRefused: there is such a file already, or it cannot be written.
        DatabaseTrouble: the source does not work.
    """
    if os.path.lexists(target):
        raise BackupRefused(f"{target} exists already", "name another file: a backup replaces none")
    Database.open(sqlite_url(source)).close()  # says what is wrong with it
    aside = target
    try:
        handle, named = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)  # mode 0600
        os.close(handle)
        aside = Path(named)
        with _connected(source) as connection:
            connection.execute("VACUUM INTO ?", (str(aside),))
        with _connected(aside) as connection:
            connection.execute("PRAGMA secure_delete=ON")
            for table in PASSING:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
            connection.execute("VACUUM")
            _check(connection, source)
        flush(aside)
        os.link(aside, target)  # refuses to replace what has come there meanwhile
        flush(target.parent)
    except OSError as error:
        raise BackupRefused(
            f"{target}: cannot be written: {error.strerror}", "name a file in a folder that you may write"
        ) from error
    except sqlite3.Error as error:
        raise BackupRefused(f"{target}: cannot be written: {error}", "look at the free space there") from error
    finally:
        if aside is not target:
            for left in (aside, Path(f"{aside}-journal")):
                left.unlink(missing_ok=True)


def restore(backup: Path, place: Path, now: datetime) -> Path | None:
    """Puts a backup in the place of the accounts, and returns where those are set aside. None: there were none. Whoever is signed
    in has to sign in again.

    Raises:
        BackupRefused: it is no backup.
        DatabaseBusy: a server uses the accounts.
        DatabaseReadOnly: the place cannot be written.
    """
    if not backup.is_file():
        raise BackupRefused(f"{backup}: is no file", "name what `homeostat accounts backup` wrote")
    fresh = Path(f"{place}.restored")
    with exclusively(place):
        try:
            for left in (fresh, Path(f"{fresh}-wal"), Path(f"{fresh}-shm")):
                left.unlink(missing_ok=True)
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(backup.read_bytes())
            _prepare(fresh, backup)
            flush(fresh)
            refuse_in_use(place)
            aside = _set_aside(place, now) if os.path.lexists(place) else None
            os.rename(fresh, place)
            flush(place.parent)
        except OSError as error:
            raise DatabaseReadOnly(
                f"{place}: cannot be written: {error.strerror}", "look at its folder, and the space there"
            ) from error
        finally:
            fresh.unlink(missing_ok=True)
            for lock in (Path(f"{fresh}.lock"), lock_of(fresh)):
                lock.unlink(missing_ok=True)
    return aside


def _prepare(fresh: Path, backup: Path) -> None:
    """Checks the copy, and brings it to this version. No session of its time lives on, whoever made the copy."""
    try:
        Database.open(sqlite_url(fresh)).close()
        with _connected(fresh) as connection:
            _check(connection, backup)
            for table in PASSING:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
    except (sqlite3.Error, DatabaseTrouble) as error:
        words = str(error).replace(str(fresh), str(backup))
        raise BackupRefused(f"{backup} cannot be restored: {words}", "try an older one; nothing was changed") from error


def _set_aside(place: Path, now: datetime) -> Path:
    """Gives the present file another name, too, once nobody uses it."""
    try:
        with _connected(place) as connection:
            # Only whoever is alone may do that. The journal beside belongs to the present file, and goes into it.
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        if (getattr(error, "sqlite_errorcode", 0) & 0xFF) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise _in_use(place) from error
    aside = Path(f"{place}.before-{now:%Y%m%dT%H%M%S}")
    for end in ("-wal", "-shm"):  # a damaged one keeps its journal
        with contextlib.suppress(FileNotFoundError):
            os.rename(f"{place}{end}", f"{aside}{end}")
    os.link(place, aside)  # at no moment are there no accounts: then everybody could come in
    return aside


def refuse_in_use(place: Path) -> None:
    """Checks that nobody has the accounts open, also where their file has gone, or is another one by now.

    Raises:
        DatabaseBusy: somebody has.
    """
    if is_open(place):
        raise _in_use(place)


def _in_use(place: Path) -> DatabaseBusy:
    return DatabaseBusy(f"the accounts database {place} is in use", "stop Homeostat, then restore, then start it")


def _check(connection: sqlite3.Connection, named: Path) -> None:
    found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
    if found != ["ok"]:
        raise DatabaseDamaged(f"{named} is damaged: {found[0]}", "try an older backup")


@contextlib.contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None, timeout=1)
    try:
        yield connection
    finally:
        connection.close()
