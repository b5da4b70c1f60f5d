"""Sessions: who is signed in, and how he stays so. A refresh token is good for one use, which gives the next one.

Whoever shows one a second time has stolen it, or it was stolen from him: then the session ends, with all its tokens. Only within
15 s nothing ends, because two pages of one browser may refresh at once. Refused it is in any case.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from ..accounts import end_sessions, row_of
from ..audit.audit import ON_HOST, Act, By, note
from ..clock import Clock, wall_clock
from ..database.columns import fitted
from ..database.database import Database
from ..database.secret_texts import REFRESH_TOKEN, SECRET_MAX, fresh, fresh_id, kept
from ..database.tables import AccountRow, RefreshRow, SessionRow
from ..errors import NoSuchSession, NotSignedIn
from ..rights import Role
from .access_tokens import LASTING_MAX, LIFETIME, TokenClaims, Told, nothing, signed

IDLE = timedelta(days=14)  # without a refresh
LONGEST = timedelta(days=90)  # however often it is refreshed
AT_ONCE = timedelta(seconds=15)  # within which a second use ends nothing
PER_ACCOUNT = 100
NOBODY_KNOWN = By("unknown")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What somebody has who is signed in. ``access`` and ``refresh`` let him in."""

    access: str
    expires: datetime  # of the access token
    refresh: str  # empty: the access token lasts as long as the session
    refresh_expires: datetime
    session: str
    name: str
    role: Role

    def __repr__(self) -> str:
        return f"SignedIn({self.name!r}, session={self.session!r})"


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session, for whoever may see it."""

    id: str
    account: str
    made: datetime
    refreshed: datetime
    expires: datetime
    address: str
    client: str


class Sessions:
    """All sessions of one database."""

    def __init__(self, database: Database, clock: Clock = wall_clock) -> None:
        self._database = database
        self._clock = clock

    def refresh(self, token: str, told: Told = nothing) -> SignedIn:
        """Uses a refresh token up, and returns what takes its place. ``told``: what the access token tells besides.

        Raises:
            NotSignedIn: it is none, was used, or its session has ended.
        """
        if not token.startswith(REFRESH_TOKEN) or len(token) > SECRET_MAX:
            raise NotSignedIn()
        now, shown = self._clock(), kept(token)
        with self._database.writing() as session:
            row = session.get(RefreshRow, shown)
            if row is None:
                raise NotSignedIn()
            family, opened = row.session, _usable(session, row.session, now)
            # Of all who show it at once, one finds it unused.
            unused = update(RefreshRow).where(RefreshRow.hash == shown, RefreshRow.used.is_(None)).values(used=now)
            if session.scalar(unused.returning(RefreshRow.hash)) is not None:
                return go_on(session, *opened, now, told)
            used = session.scalar(select(RefreshRow.used).where(RefreshRow.hash == shown))
        if used is None or abs(now - used) > AT_ONCE:
            with suppress(NoSuchSession):
                self.end(family, by=NOBODY_KNOWN, why="one of its refresh tokens was used twice")
        raise NotSignedIn("the refresh token was used before")

    def access(self, token: str, told: Told = nothing) -> SignedIn:
        """Returns a fresh access token for whoever has a refresh token, which stays as it is.

        Raises:
            NotSignedIn: it is none, was used, or its session has ended.
        """
        now = self._clock()
        with self._database.writing() as session:
            row, account = unused(session, token, now)
            return _given(session, row, account, now, min(now + LIFETIME, row.expires), token, told)

    def end(self, session_id: str, account: str | None = None, *, by: By = ON_HOST, why: str = "") -> None:
        """Ends a session: who signs out. ``account``: only if it is his.

        Raises:
            NoSuchSession: there is none.
        """
        with self._database.changing() as session:
            wanted = delete(SessionRow).where(SessionRow.id == session_id)
            if account is not None:
                wanted = wanted.where(SessionRow.account == row_of(session, account).id)
            owner = session.scalar(wanted.returning(SessionRow.account))
            if owner is None:
                raise NoSuchSession(session_id)
            named = session.get_one(AccountRow, owner).name
            note(session, self._clock(), by, Act("end", "Session", f"{named}/{session_id}", message=why))

    def end_all(self, account: str, *, keep: str | None = None, by: By = ON_HOST) -> None:
        """Ends all sessions of an account, except the one that ``keep`` names.

        Raises:
            NotAName, NoSuchAccount: there is no such account.
        """
        with self._database.changing() as session:
            row = row_of(session, account)
            end_sessions(session, row, keep=keep)
            note(session, self._clock(), by, Act("end all", "Session", row.name))

    def list(self, account: str | None = None) -> Sequence[OpenSession]:
        """Returns the sessions of an account, or of all, the newest first.

        Raises:
            NotAName, NoSuchAccount: there is no such account.
        """
        with self._database.reading() as session:
            wanted = select(SessionRow, AccountRow.name).join(AccountRow, AccountRow.id == SessionRow.account)
            wanted = wanted.where(SessionRow.expires > self._clock()).order_by(SessionRow.made.desc(), SessionRow.id)
            if account is not None:
                wanted = wanted.where(SessionRow.account == row_of(session, account).id)
            return [
                OpenSession(row.id, name, row.made, row.refreshed, row.expires, row.address, row.client)
                for row, name in session.execute(wanted)
            ]


def unused(session: Session, token: str, now: datetime) -> tuple[SessionRow, AccountRow]:
    """Returns the session that a refresh token goes on with, and whose it is. The token stays as it is.

    Raises:
        NotSignedIn: it is none, was used, or its session has ended.
    """
    known = token.startswith(REFRESH_TOKEN) and len(token) <= SECRET_MAX
    row = session.get(RefreshRow, kept(token)) if known else None
    if row is None or row.used is not None:
        raise NotSignedIn()
    opened = session.get(SessionRow, row.session)
    account = session.get(AccountRow, opened.account) if opened is not None else None
    if opened is None or account is None or opened.expires <= now or account.banned is not None or account.deleted is not None:
        raise NotSignedIn()
    return opened, account


def begin(
    session: Session,
    account: AccountRow,
    address: str,
    client: str,
    now: datetime,
    told: Told = nothing,
    lasting: timedelta | None = None,
) -> SignedIn:
    """Begins a session of an account, and returns what its owner is given. Old sessions go, so that their number is bounded.
    ``lasting``: how long it lasts, with its first access token and without a refresh, at most 14 days."""
    session.execute(delete(SessionRow).where(SessionRow.expires <= now))
    count = select(func.count()).select_from(SessionRow).where(SessionRow.account == account.id)
    if (over := session.execute(count).scalar_one() + 1 - PER_ACCOUNT) > 0:
        oldest = select(SessionRow.id).where(SessionRow.account == account.id).order_by(SessionRow.refreshed).limit(over)
        session.execute(delete(SessionRow).where(SessionRow.id.in_(oldest.scalar_subquery())))
    row = SessionRow(
        id=fresh_id() + fresh_id(), account=account.id, made=now, **fitted(SessionRow, address=address, client=client)
    )
    row.refreshed, row.expires = now, now + (IDLE if lasting is None else min(lasting, LASTING_MAX))
    session.add(row)
    session.flush()
    if lasting is None:
        return go_on(session, row, account, now, told)
    return _given(session, row, account, now, row.expires, "", told)


def go_on(session: Session, row: SessionRow, account: AccountRow, now: datetime, told: Told = nothing) -> SignedIn:
    """Lets a session go on from now, and returns what its owner is given."""
    row.refreshed, row.expires = now, min(now + IDLE, row.made + LONGEST)
    refresh = fresh(REFRESH_TOKEN)
    session.add(RefreshRow(hash=kept(refresh), session=row.id, used=None))
    return _given(session, row, account, now, min(now + LIFETIME, row.expires), refresh, told)


def _given(
    session: Session, row: SessionRow, account: AccountRow, now: datetime, expires: datetime, refresh: str, told: Told
) -> SignedIn:
    """Returns what its owner is given of a session, with a new access token."""
    access = signed(session, TokenClaims(row.id, account.id, expires), now, told(Role(account.role)))
    return SignedIn(access, expires, refresh, row.expires, row.id, account.name, Role(account.role))


def _usable(session: Session, session_id: str, now: datetime) -> tuple[SessionRow, AccountRow]:
    # The account first, as whoever bans it does: so neither waits for the other.
    owner = session.scalar(select(SessionRow.account).where(SessionRow.id == session_id))
    account = session.get(AccountRow, owner, with_for_update={"read": True}) if owner is not None else None
    row = session.get(SessionRow, session_id, with_for_update=True)
    if row is None or account is None or row.expires <= now or account.banned is not None or account.deleted is not None:
        raise NotSignedIn()
    return row, account
