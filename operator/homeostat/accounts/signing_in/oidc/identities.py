"""Identities: whom the provider knows (an issuer and a subject), and whose account that is. One is one account's, whatever name
or e-mail address the provider tells of it later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ...accounts import end_sessions, row_of
from ...audit.audit import ON_HOST, Act, By, note
from ...clock import Clock, wall_clock
from ...database.database import Database
from ...database.tables import AccountRow, IdentityRow
from ...errors import IdentityTaken, NoSuchIdentity, NotAnIdentity
from .settings import ISSUER_MAX, checked_url

SUBJECT_MAX = 255  # characters, as OpenID Connect has it
KIND = "Identity"  # in the audit


@dataclass(frozen=True, slots=True)
class BoundIdentity:
    """Whom a provider knows, and whose account that is."""

    account: str
    issuer: str
    subject: str
    made: datetime
    last_used: datetime | None


class Identities:
    """All identities of one database."""

    def __init__(self, database: Database, clock: Clock = wall_clock) -> None:
        self._database = database
        self._clock = clock

    def list(self, account: str | None = None) -> Sequence[BoundIdentity]:
        """Returns the identities of an account, or of all that are not deleted, by name.

        Raises:
            NotAName, NoSuchAccount: there is no such account.
        """
        wanted = select(IdentityRow, AccountRow.name).join(AccountRow, AccountRow.id == IdentityRow.account)
        wanted = wanted.where(AccountRow.deleted.is_(None)).order_by(AccountRow.name, IdentityRow.issuer, IdentityRow.subject)
        with self._database.reading() as session:
            if account is not None:
                wanted = wanted.where(IdentityRow.account == row_of(session, account).id)
            return [_seen(row, name) for row, name in session.execute(wanted)]

    def link(self, account: str, issuer: str, subject: str, *, by: By = ON_HOST) -> BoundIdentity:
        """Binds an identity to an account: whoever has it signs in as that. A deleted account loses it to another.

        Raises:
            NotAName, NoSuchAccount: there is no such account.
            NotAnIdentity: no provider calls anybody that.
            IdentityTaken: it is another account's.
        """
        check(issuer, subject)
        with self._database.changing() as session:
            owner = row_of(session, account)
            row = session.get(IdentityRow, (issuer, subject))
            if row is not None and row.account != owner.id:
                before = session.get_one(AccountRow, row.account)
                if before.deleted is None:
                    raise IdentityTaken(before.name)
                session.delete(row)
                row = None
            if row is None:
                row = bind(session, owner, issuer, subject, self._clock())
                note(session, self._clock(), by, Act("link", KIND, owner.name, message=f"{subject} of {issuer}"))
            return _seen(row, owner.name)

    def unlink(self, account: str, issuer: str, subject: str, *, by: By = ON_HOST) -> None:
        """Takes an identity from an account, whose sessions end.

        Raises:
            NotAName, NoSuchAccount: there is no such account.
            NoSuchIdentity: it is not bound to that.
        """
        with self._database.changing() as session:
            owner = row_of(session, account)
            row = session.get(IdentityRow, (issuer, subject))
            if row is None or row.account != owner.id:
                raise NoSuchIdentity(owner.name)
            session.delete(row)
            end_sessions(session, owner)
            note(session, self._clock(), by, Act("unlink", KIND, owner.name, message=f"{subject} of {issuer}"))


def check(issuer: str, subject: str) -> None:
    """Checks that a provider may call somebody that. What databases would write as something else is none, since two people could
    become one by it.

    Raises:
        NotAnIdentity: it may not.
    """
    try:
        checked_url(issuer)
    except ValueError as error:
        raise NotAnIdentity(f"the issuer {issuer[:ISSUER_MAX]!r} {error}") from None
    if len(issuer) > ISSUER_MAX:
        raise NotAnIdentity(f"an issuer has at most {ISSUER_MAX} characters")
    if not 1 <= len(subject) <= SUBJECT_MAX or not subject.isascii() or not subject.isprintable():
        raise NotAnIdentity(f"a subject has 1 to {SUBJECT_MAX} characters of ASCII")


def bind(session: Session, owner: AccountRow, issuer: str, subject: str, now: datetime) -> IdentityRow:
    """Binds an identity that nobody has."""
    row = IdentityRow(issuer=issuer, subject=subject, account=owner.id, made=now, last_used=None)
    session.add(row)
    session.flush()
    return row


def _seen(row: IdentityRow, account: str) -> BoundIdentity:
    return BoundIdentity(account, row.issuer, row.subject, row.made, row.last_used)
