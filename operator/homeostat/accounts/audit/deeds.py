"""Deeds: what is done elsewhere than in this database. That one begins is on disk before it is done, and its entry comes into the
audit when it has ended. So whatever was carried out is in the audit, whoever is killed in between: what a server that was killed
had begun, the next one enters as interrupted.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from sqlalchemy import delete, select

from homeostat.runtime.machine.operator_run import started_at

from ..clock import Clock, wall_clock
from ..database.database import Database
from ..database.secret_texts import fresh_id
from ..database.tables import AccountRow, DeedRow
from ..errors import NotSignedIn
from .audit import Act, By, note, who_did_what

LONGEST = timedelta(hours=1)
"""After which a deed of another host counts as interrupted. Uploads and copies note their beginning and are done at once."""

INTERRUPTED = "the server ended before it said how this ended: look what there is"


class Deeds:
    """All deeds of one database."""

    def __init__(self, database: Database, clock: Clock = wall_clock, server: str = "") -> None:
        self._database = database
        self._clock = clock
        self._server = server or this_server()

    def begin(self, by: By, act: Act, account: int | None = None) -> str:
        """Notes that something begins, and returns its id. It is on disk when this returns.

        ``account``: the number of whoever asks. It was good a moment ago; what it makes after it has gone would belong to
        whoever has its name next.

        Raises:
            NotSignedIn: it was deleted, or banned.
        """
        row = DeedRow(id=fresh_id(), at=self._clock(), server=self._server, **who_did_what(by, act))
        with self._database.writing() as session:
            # Its row is held: who deletes it meanwhile does so after this is on disk, and sees it.
            if account is not None and not _is_let_in(session.get(AccountRow, account, with_for_update={"read": True})):
                raise NotSignedIn()
            session.add(row)
            return row.id

    def are_under_way(self, name: str) -> bool:
        """Tells whether something that an account of that name began has not ended."""
        with self._database.reading() as session:
            return session.scalar(select(DeedRow.id).where(DeedRow.account == name).limit(1)) is not None

    def end(self, deed: str, by: By, act: Act) -> None:
        """Enters how a deed ended into the audit."""
        with self._database.writing() as session:
            session.execute(delete(DeedRow).where(DeedRow.id == deed))
            note(session, self._clock(), by, act)

    def settle(self) -> int:
        """Enters what servers that have ended left as interrupted, and returns how much that was."""
        now = self._clock()
        with self._database.reading() as session:
            if not any(_has_ended(row, now) for row in session.scalars(select(DeedRow))):
                return 0
        with self._database.writing() as session:
            left = [row for row in session.scalars(select(DeedRow).order_by(DeedRow.at)) if _has_ended(row, now)]
            for row in left:
                act = Act(row.verb, row.kind, row.name, row.namespace, "Interrupted", INTERRUPTED)
                note(session, now, By(row.how, row.account, row.address, row.token), act)
                session.delete(row)
            return len(left)


def this_server() -> str:
    """Returns what no other process is called, of this boot, container or another."""
    return f"{_house()} {os.getpid()} {started_at(os.getpid())}"


@cache
def _house() -> str:
    """Returns where the numbers of processes mean the same: one boot, and one namespace of them."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")
    return f"{boot[:16]}-{os.stat('/proc/self/ns/pid').st_ino}"


def _is_let_in(account: AccountRow | None) -> bool:
    return account is not None and account.deleted is None and account.banned is None


def _has_ended(row: DeedRow, now: datetime) -> bool:
    house, process, started = row.server.split(" ")
    if house == _house() and started_at(int(process)) != int(started):
        return True
    return now - row.at > LONGEST
