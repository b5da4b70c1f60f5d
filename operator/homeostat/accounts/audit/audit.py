"""The audit: who did what, from where, on what, and how it ended. Entries are only ever added, and forgotten when they are old.

What accounts do to their own database is noted in the transaction that does it: whatever was carried out is in the audit, whoever
is killed in between. No entry holds a secret: what somebody typed as a name is noted only where there is such an account.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import Select, delete, func, select, text
from sqlalchemy.orm import Session

from homeostat.models.outside import TOLD_MAX, redacted_all, tellable

from ..actor import Actor
from ..clock import Clock, wall_clock
from ..database.columns import fitted, short
from ..database.database import Database
from ..database.tables import AuditRow
from ..refusals import forget_beyond, noted_once

AuditOutcome = Literal["Done", "Refused", "Failed", "Interrupted", "PassedOn"]

KEPT = timedelta(days=365)
ROWS_MAX = 1_000_000
PAGE_MAX = 1000

_LOCK = 7_411_202  # of PostgreSQL's advisory locks
_EACH = 100  # entries between two looks for old ones


@dataclass(frozen=True, slots=True)
class By:
    """Who did something: how he was recognised, his account ("" none), and where he was. ``token``: the name of the API token
    that he showed. ``author``: what an edit past the API says of its author, who is no account. ``let_in``: what he came in with,
    which no entry has."""

    how: str
    account: str = ""
    address: str = ""
    token: str = ""
    author: str = ""
    let_in: Actor | None = field(default=None, compare=False, repr=False)

    @classmethod
    def actor(cls, actor: Actor) -> By:
        """Returns an actor, as the audit names him."""
        return cls(actor.how, actor.name, actor.address, actor.token, let_in=actor)


ON_HOST = By("host")
"""By a command on the host of the database."""


@dataclass(frozen=True, slots=True)
class Act:
    """What was done, or refused. ``kind`` is a resource's, or Account, Session, ApiToken, Grant."""

    verb: str
    kind: str
    name: str = ""
    namespace: str = ""
    outcome: AuditOutcome = "Done"
    message: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An entry of the audit. A higher id is a later one. ``count``: of equal refusals that it stands for, until ``last``."""

    id: int
    at: datetime
    by: By
    act: Act
    count: int = 1
    last: datetime | None = None

    def document(self) -> dict[str, Any]:
        """Returns the entry as JSON has it, for commands and over REST. Passwords in addresses are left out."""
        by, act = self.by, self.act
        document = {
            "id": self.id,
            "at": _stamp(self.at),
            "how": by.how,
            "account": by.account or None,
            "token": by.token or None,
            "author": by.author or None,
            "from": by.address or None,
            "verb": act.verb,
            "kind": act.kind,
            "namespace": act.namespace or None,
            "name": act.name or None,
            "outcome": act.outcome,
            "message": act.message or None,
            "count": self.count,
            "last": _stamp(self.last or self.at),
        }
        return dict(redacted_all(document))


WORDS = ("account", "author", "how", "verb", "kind", "namespace", "name", "outcome")


@dataclass(frozen=True, slots=True)
class Search:
    """Which entries are wanted; None and "" stand for all."""

    account: str = ""
    author: str = ""
    how: str = ""
    verb: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def narrowed(self, wanted: Select[AuditRow]) -> Select[AuditRow]:
        """Returns the query for these entries."""
        for word in WORDS:
            if value := getattr(self, word):
                wanted = wanted.where(getattr(AuditRow, word) == value)
        if self.since is not None:
            wanted = wanted.where(AuditRow.at >= self.since)
        return wanted if self.until is None else wanted.where(AuditRow.at < self.until)


class Audit:
    """The audit of one database."""

    def __init__(self, database: Database, clock: Clock = wall_clock) -> None:
        self._database = database
        self._clock = clock

    def note(self, by: By, act: Act) -> None:
        """Adds an entry. It is on disk when this returns."""
        with self._database.writing() as session:
            note(session, self._clock(), by, act)

    def search(self, search: Search | None = None, *, limit: int = 100, before: int | None = None) -> Sequence[AuditEntry]:
        """Returns entries, the newest first, at most ``limit`` of them. ``before``: those older than the entry of that id."""
        wanted = (search or Search()).narrowed(select(AuditRow)).order_by(AuditRow.id.desc())
        if before is not None:
            wanted = wanted.where(AuditRow.id < before)
        with self._database.reading() as session:
            return [_entry(row) for row in session.scalars(wanted.limit(max(0, min(limit, PAGE_MAX))))]

    def newest(self) -> int:
        """Returns the id of the newest entry; 0: there is none."""
        with self._database.reading() as session:
            return session.scalar(select(func.max(AuditRow.id))) or 0

    def after(self, entry: int, search: Search | None = None) -> Iterator[AuditEntry]:
        """Yields the entries after that of an id, the oldest first. None is left out: ids are in the order of commits."""
        while True:
            wanted = (search or Search()).narrowed(select(AuditRow)).where(AuditRow.id > entry).order_by(AuditRow.id)
            with self._database.reading() as session:
                page = [_entry(row) for row in session.scalars(wanted.limit(PAGE_MAX))]
            yield from page
            if len(page) < PAGE_MAX:
                return
            entry = page[-1].id


def note(session: Session, now: datetime, by: By, act: Act) -> None:
    """Adds an entry in somebody's transaction: it is there when that was carried out, and only then."""
    in_turn(session)
    entry = {
        **who_did_what(by, act),
        **fitted(AuditRow, author=by.author),
        "outcome": act.outcome,
        "message": short(tellable(act.message), TOLD_MAX),
    }
    if act.outcome == "Refused":
        if (first := noted_once(session, now, entry)) is None:
            return
        entry = first
    row = AuditRow(at=now, **entry)
    session.add(row)
    session.flush()
    if row.id % _EACH == 0:
        _forget_old(session, now)


def in_turn(session: Session) -> None:
    """Lets one after the other add entries, until each is committed: else one of a lower id could come after one that was
    read."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _forget_old(session: Session, now: datetime) -> None:
    session.execute(delete(AuditRow).where(AuditRow.at < now - KEPT))
    forget_beyond(session)
    newest, oldest = session.execute(select(func.max(AuditRow.id), func.min(AuditRow.id))).one()
    if newest - oldest >= ROWS_MAX:
        beyond = select(AuditRow.id).order_by(AuditRow.id.desc()).offset(ROWS_MAX)
        session.execute(delete(AuditRow).where(AuditRow.id.in_(beyond)))


def who_did_what(by: By, act: Act) -> dict[str, str]:
    """Returns the columns that say it."""
    whom = fitted(AuditRow, how=by.how, account=by.account, token=by.token, address=by.address)
    return whom | fitted(AuditRow, verb=act.verb, kind=act.kind, namespace=act.namespace, name=act.name)


def _entry(row: AuditRow) -> AuditEntry:
    act = Act(row.verb, row.kind, row.name, row.namespace, _OUTCOMES[row.outcome], row.message)
    return AuditEntry(row.id, row.at, By(row.how, row.account, row.address, row.token, row.author), act, row.count, row.last)


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


_OUTCOMES: dict[str, AuditOutcome] = {outcome: outcome for outcome in get_args(AuditOutcome)}
