"""Who asks, by what he shows: an access token of a session, or an API token. Each server remembers what it found, and forgets all
of it when the database's generation moves, which it looks at every half second. So whatever takes a right away counts within a
second, on all servers, and most requests ask no database."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from ..accounts import any_account
from ..actor import Actor, How
from ..clock import Clock, wall_clock
from ..database.columns import rights_in
from ..database.database import Database
from ..database.secret_texts import API_TOKEN, SECRET_MAX, kept
from ..database.tables import AccountRow, ApiTokenRow, GrantRow, SessionRow
from ..errors import DatabaseTrouble, NotSignedIn, SessionBanned
from ..rights import Grant, Right, Role, anywhere
from .access_tokens import LONGEST, key_called, kid_of, verified
from .sessions import unused

log = logging.getLogger(__name__)

LOOK = 0.5  # seconds between two looks at the generation
NOTE = timedelta(minutes=1)  # between two notes that a token was used
REMEMBERED_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Recognised:
    """Somebody who was recognised, and until when."""

    actor: Actor
    until: datetime


class Recognition:
    """What one server knows of who asks. Threads share it."""

    def __init__(self, database: Database, clock: Clock = wall_clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Recognised] = OrderedDict()
        self._accounts: bool | None = None
        self._generation = 0
        self._looked = float("-inf")

    def who(self, shown: str) -> Recognised:
        """Returns who shows that token, of either kind. Asks the database where it has to.

        Raises:
            NotSignedIn: it lets nobody in.
            DatabaseTrouble: the database does not work.
        """
        self._look()
        if (found := self._recalled(shown)) is not None:
            return found
        generation = self._generation
        found = self._by_api_token(shown) if shown.startswith(API_TOKEN) else self._by_access_token(shown)
        with self._lock:
            if generation == self._generation:  # else what was found may be of the time before
                self._known[kept(shown)] = found
                while len(self._known) > REMEMBERED_MAX:
                    self._known.popitem(last=False)
        return found

    def by_refresh(self, shown: str) -> Actor:
        """Returns who has a refresh token, which stays as it is. Asks the database.

        Raises:
            NotSignedIn: it is none, was used, or its session has ended.
            DatabaseTrouble: the database does not work.
        """
        with self._database.reading() as session:
            return _actor_of(session, *unused(session, shown, self._clock()))

    def remembered(self, shown: str) -> Recognised | None:
        """Returns who shows that token, if that is known without a look at the database. Never waits."""
        return self._recalled(shown) if self._monotonic() - self._looked < LOOK else None

    def look_again(self) -> None:
        """Forgets when it looked last: this server itself has moved the generation."""
        self._looked = float("-inf")

    def has_accounts(self) -> bool:
        """Tells whether there is any account. Without one nobody has to sign in.

        Raises:
            DatabaseTrouble: the database does not work.
        """
        self._look()
        known, generation = self._accounts, self._generation
        if known is None:
            with self._database.reading() as session:
                known = any_account(session)
            with self._lock:
                if generation == self._generation:
                    self._accounts = known
        return known

    def generation(self) -> int:
        """Returns the generation of the last half second. Whoever keeps something open for somebody recognises him again when it
        has moved.

        Raises:
            DatabaseTrouble: the database does not work.
        """
        self._look()
        return self._generation

    def _look(self) -> None:
        now = self._monotonic()
        if now - self._looked < LOOK:
            return
        generation = self._database.generation()
        with self._lock:
            if generation != self._generation:
                self._known.clear()
                self._accounts, self._generation = None, generation
            self._looked = now

    def _recalled(self, shown: str) -> Recognised | None:
        if len(shown) > LONGEST:
            return None
        with self._lock:
            found = self._known.get(kept(shown))
        return found if found is not None and self._clock() < found.until else None

    def _by_access_token(self, shown: str) -> Recognised:
        kid, now = kid_of(shown), self._clock()
        with self._database.reading() as session:
            claims = verified(shown, key_called(session, kid), now)
            row, account = _signed_in_to(session, claims.session, now)
            if account.id != claims.account:
                raise NotSignedIn()
            return Recognised(_actor_of(session, row, account), min(claims.expires, row.expires))

    def of_session(self, called: str) -> Actor:
        """Returns who signed in to a session, whatever access token he has by now. Asks the database.

        Raises:
            NotSignedIn: it has ended.
            DatabaseTrouble: the database does not work.
        """
        with self._database.reading() as session:
            return _actor_of(session, *_signed_in_to(session, called, self._clock()))

    def of_token(self, called: str, token: str) -> Actor:
        """Returns who may use the API token of that name, of the account that is called so. Asks the database.

        Raises:
            NotSignedIn: there is none any more.
            DatabaseTrouble: the database does not work.
        """
        now = self._clock()
        with self._database.reading() as session:
            account = session.scalar(select(AccountRow).where(AccountRow.name == called))
            mine = select(ApiTokenRow).where(ApiTokenRow.account == account.id, ApiTokenRow.name == token) if account else None
            row = session.scalar(mine) if mine is not None else None
            if account is None or row is None or (row.expires is not None and row.expires <= now):
                raise NotSignedIn()
            return replace(_actor(session, account, "api-token", rights_in(row.scopes)), token=row.name)

    def _by_api_token(self, shown: str) -> Recognised:
        if len(shown) > SECRET_MAX:
            raise NotSignedIn()
        now = self._clock()
        with self._database.reading() as session:
            row = session.scalar(select(ApiTokenRow).where(ApiTokenRow.hash == kept(shown)))
            account = session.get(AccountRow, row.account) if row is not None else None
            if row is None or account is None or (row.expires is not None and row.expires <= now):
                raise NotSignedIn()
            actor = replace(_actor(session, account, "api-token", rights_in(row.scopes)), token=row.name)
            token, noted = row.id, row.last_used is not None and abs(now - row.last_used) < NOTE
            until = now + NOTE if row.expires is None else min(now + NOTE, row.expires)
        if not noted:
            self._note_use(token, now)
        return Recognised(actor, until)

    def _note_use(self, token: str, now: datetime) -> None:
        """Notes when a token was used. Where that cannot be written the token works all the same."""
        try:
            with self._database.writing() as session:
                session.execute(update(ApiTokenRow).where(ApiTokenRow.id == token).values(last_used=now))
        except DatabaseTrouble as error:
            log.warning("the last use of a token is not noted: %s", error)


def _signed_in_to(session: Session, called: str, now: datetime) -> tuple[SessionRow, AccountRow]:
    row = session.get(SessionRow, called)
    account = session.get(AccountRow, row.account) if row is not None else None
    if row is None or account is None or row.expires <= now:
        raise NotSignedIn()
    return row, account


def _actor_of(session: Session, row: SessionRow, account: AccountRow) -> Actor:
    if account.banned is not None:
        raise SessionBanned(account.name, row.id, account.ban_reason)
    return replace(_actor(session, account, "session"), session=row.id)


def _actor(session: Session, account: AccountRow, how: How, scopes: frozenset[Right] = frozenset(Right)) -> Actor:
    if account.banned is not None or account.deleted is not None:
        raise NotSignedIn()
    role = Role(account.role)
    rows = session.scalars(
        select(GrantRow).where(or_(GrantRow.account == account.id, GrantRow.account.is_(None))).order_by(GrantRow.id)
    )
    grants = tuple(Grant(rights_in(row.rights), row.namespace, row.kind, row.name) for row in rows)
    return Actor(how, role, account.name, anywhere(role) & scopes, grants, account.name, account=account.id)
