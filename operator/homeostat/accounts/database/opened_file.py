"""The file of an SQLite database, as all who have it open agree on it, in any process.

SQLite goes on with a file that is removed while it is open, or in whose place another one is put: what it writes then is lost. So
is what goes into a journal that is no longer there. And whoever opens the other file takes the journal beside it for its own, and
writes what is in that over the file. So each connection shares a lock, in whose file it stands which file and which journal those
have that are open: who finds others in their places opens nothing.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from ..errors import DatabaseAway, DatabaseBusy, DatabaseReadOnly

LEAVES = 1.0  # seconds; who leaves last lets go of the lock, and then takes the journal away
LOOKS = 0.2  # seconds; who looks whether somebody has it open holds the lock for less
_PAUSE = 0.01  # seconds between two attempts
_NOTE = 200  # bytes at the most

Inode = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Places:
    """What is in the place of a database, and of its journal. None: nothing is."""

    file: Inode | None
    journal: Inode | None

    @classmethod
    def of(cls, path: Path) -> Places:
        return cls(_inode(path), _inode(journal_of(path)))


class OpenConnection:
    """What a connection has open, and its share of the lock."""

    def __init__(self, path: Path, handle: int, has: Places) -> None:
        self._path = path
        self._handle = handle
        self._has = has

    def check(self) -> None:
        """Checks that what it has open is still in its place.

        Raises:
            DatabaseAway: it is not.
        """
        refuse_another(self._path, self._has.file)
        # It stays until the last connection is closed, unless somebody removes it.
        if self._has.journal is not None and self._has.journal != _inode(journal_of(self._path)):
            _refuse_journal(self._path)

    def let_go(self) -> None:
        """Gives its share of the lock back. The connection is closed only then: who comes meanwhile finds its journal."""
        os.close(self._handle)


def connected(
    path: Path, connect: Callable[[], sqlite3.Connection], busy_timeout: float
) -> tuple[sqlite3.Connection, OpenConnection]:
    """Opens a connection, unless those who have the database open have another one. ``connect``: opens the journal, too.

    Raises:
        DatabaseAway: they have; or there is none.
        DatabaseBusy: somebody is about to open it for longer than we wait.
    """
    handle = lock_file(lock_of(path), path)
    try:
        while True:
            known = _share(path, handle, busy_timeout)
            if known is None:
                _part(path, _noted(handle))
            made = connect()
            has = Places.of(path)
            if known is None:
                _note(handle, has)
                fcntl.flock(handle, fcntl.LOCK_SH)
            if known in (None, has):
                return made, OpenConnection(path, handle, has)
            made.close()  # the last of the others has left meanwhile
            fcntl.flock(handle, fcntl.LOCK_UN)
    except BaseException:
        os.close(handle)
        raise


def is_open(path: Path) -> bool:
    """Tells whether somebody has the database open, also where its file has gone."""
    try:
        handle = os.open(lock_of(path), os.O_RDWR | os.O_CLOEXEC)
    except OSError:  # nobody ever had
        return False
    try:
        until = time.monotonic() + LOOKS
        while not (alone := _locks(handle, fcntl.LOCK_EX)) and time.monotonic() < until:
            time.sleep(_PAUSE)
        return not alone
    finally:
        os.close(handle)


def lock_of(path: Path) -> Path:
    return Path(f"{path}.held")


def journal_of(path: Path) -> Path:
    return Path(f"{path}-wal")


def lock_file(lock: Path, path: Path) -> int:
    """Opens the file of a lock. ``path``: of the database that it is for.

    Raises:
        DatabaseReadOnly, DatabaseAway: it cannot be.
    """
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        kind = DatabaseReadOnly if isinstance(error, PermissionError) or error.errno == errno.EROFS else DatabaseAway
        raise kind(
            f"the accounts database {path} cannot be opened: {error.strerror}",
            "run as the user that runs Homeostat, and check --state and [accounts] database",
        ) from error
    with suppress(OSError):  # as SQLite does with what it puts beside: a command of root's must not keep the server out
        owner = os.stat(path)
        os.fchown(handle, owner.st_uid, owner.st_gid)
    return handle


def refuse_another(path: Path, known: Inode | None) -> None:
    """Refuses what is in the place of a database, unless it is the one that is ``known`` to be open.

    Raises:
        DatabaseAway: it is another one, or there is none.
    """
    try:
        found = os.stat(path)
    except OSError as error:
        raise gone(path, str(error.strerror)) from error
    if known not in (None, (found.st_dev, found.st_ino)):
        raise DatabaseAway(
            f"the accounts database {path} was replaced while it was open",
            "restart Homeostat, which then goes on with the file that is there",
        )


def gone(path: Path, why: str) -> DatabaseAway:
    """Returns what is wrong where somebody has a database open whose file is not there."""
    return DatabaseAway(
        f"the accounts database {path} has gone while it was open: {why}",
        "put it back; or stop Homeostat, put a backup in its place (docs/accounts.md, Backup), and start it",
    )


def _refuse_journal(path: Path) -> NoReturn:
    raise DatabaseAway(
        f"the journal of the accounts database, {journal_of(path)}, was removed or replaced while it was open",
        "restart Homeostat, and look whether the last changes are there: what was only in that journal is lost",
    )


def _share(path: Path, handle: int, busy_timeout: float) -> Places | None:
    """Waits for a share of the lock, and returns what the others have open. None: there are no others, and nobody comes until
    the share is taken. Raises what ``connected`` does."""
    begun = time.monotonic()
    while True:
        if _locks(handle, fcntl.LOCK_EX):
            refuse_another(path, None)  # SQLite would make an empty one
            return None
        waited = time.monotonic() - begun
        if _locks(handle, fcntl.LOCK_SH):
            known, now = _noted(handle), Places.of(path)
            refuse_another(path, known.file if known is not None else None)
            if known in (None, now):
                return now
            if waited > LEAVES:
                _refuse_journal(path)
            fcntl.flock(handle, fcntl.LOCK_UN)
        elif waited > busy_timeout:
            raise DatabaseBusy(f"the accounts database {path} is being opened by another program")
        time.sleep(_PAUSE)


def _part(path: Path, before: Places | None) -> None:
    """Sets a journal aside that belongs to the file which was open before, where another one has come to the place of that."""
    now = Places.of(path)
    if before is not None and before.file != now.file and before.journal == now.journal is not None:
        os.replace(journal_of(path), f"{path}-wal.of-another")
        Path(f"{path}-shm").unlink(missing_ok=True)  # what is in it says what is in the journal


def _inode(path: Path) -> Inode | None:
    with suppress(OSError):
        found = os.stat(path)
        return found.st_dev, found.st_ino
    return None


def _locks(handle: int, kind: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
        return True
    return False


def _note(handle: int, has: Places) -> None:
    os.ftruncate(handle, 0)
    with suppress(OSError):  # there is no room: then nothing can be compared
        os.pwrite(handle, json.dumps([has.file, has.journal]).encode(), 0)


def _noted(handle: int) -> Places | None:
    """Returns what was noted. None: nothing that can be read."""
    with suppress(ValueError, TypeError):
        file, journal = json.loads(os.pread(handle, _NOTE, 0))
        return Places(tuple(file), tuple(journal))
    return None
