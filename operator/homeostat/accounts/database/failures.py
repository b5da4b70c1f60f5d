"""What an error of the database means, in our words. The words of drivers differ; their codes do not."""

from __future__ import annotations

import os
import shutil
import sqlite3

from sqlalchemy.exc import DBAPIError

from ..errors import (
    DatabaseAway,
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseFull,
    DatabaseReadOnly,
    DatabaseTrouble,
)

RESTORE = "stop Homeostat, keep the file for a look, and put a backup in its place (docs/accounts.md, Backup)"

NO_ROOM = 64 * 1024  # bytes: what SQLite needs beside a database

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_READ_ONLY = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_AUTH})
# PostgreSQL's SQLSTATE, or its class: https://www.postgresql.org/docs/current/errcodes-appendix.html
_FULL_STATES = ("53100",)
_READ_ONLY_STATES = ("25006", "42501")
_BUSY_STATES = ("40001", "40P01", "55P03", "57014", "53300")
_DAMAGED_STATES = ("XX001", "XX002", "58")


def explained(error: DBAPIError, where: str) -> DatabaseTrouble:
    """Returns what the error means. ``where``: the database, without secrets."""
    driver = error.orig
    if isinstance(driver, sqlite3.Error):
        return _of_sqlite(driver, where)
    return _of_server(driver, where)


def _of_sqlite(error: sqlite3.Error, where: str) -> DatabaseTrouble:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the extended code's lowest byte is the plain one
    if code in _BUSY:
        return DatabaseBusy(f"the accounts database {where} is locked by another program")
    if code in _DAMAGED:
        return DatabaseDamaged(f"the accounts database {where} is damaged: {error}", RESTORE)
    if code in _READ_ONLY:
        return DatabaseReadOnly(
            f"the accounts database {where} cannot be written: {error}",
            "run as the user that runs Homeostat, and look at the modes of the file and its folder",
        )
    # Where there is no room for the file beside it that SQLite shares, it says that the disk fails.
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _has_no_room(where)):
        return DatabaseFull(f"no space is left for the accounts database {where}")
    if code == sqlite3.SQLITE_IOERR:
        return DatabaseAway(f"the disk of the accounts database {where} fails: {error}", "look at the disk and its free space")
    return DatabaseTrouble(f"the accounts database {where} refuses: {error}", RESTORE)


def _has_no_room(path: str) -> bool:
    try:
        return shutil.disk_usage(os.path.dirname(path)).free < NO_ROOM
    except OSError:
        return False


def _of_server(error: BaseException | None, where: str) -> DatabaseTrouble:
    state, words = getattr(error, "sqlstate", None) or "", " ".join(str(error).split())
    if state.startswith(_FULL_STATES):
        return DatabaseFull(f"no space is left for the accounts database {where}")
    if state.startswith(_READ_ONLY_STATES):
        return DatabaseReadOnly(
            f"the accounts database {where} cannot be written: {words}",
            "name the server that takes writes, and a user that may",
        )
    if state.startswith(_BUSY_STATES):
        return DatabaseBusy(f"the accounts database {where} is busy: {words}")
    if state.startswith(_DAMAGED_STATES):
        return DatabaseDamaged(f"the accounts database {where} is damaged: {words}", "restore it from a backup of the server")
    if not state or state.startswith(("08", "28", "3D", "57")):  # no connection, no entry, no such database, shut down
        return DatabaseAway(
            f"the accounts database {where} cannot be reached: {words}", "check [accounts] database, and that its server runs"
        )
    return DatabaseTrouble(f"the accounts database {where} refuses: {words}", "look at the log of its server")
