"""Tokens for programs: each is an account's, and may do at most what that account may."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from ..accounts import row_of
from ..audit.audit import ON_HOST, Act, By, note
from ..clock import Clock, wall_clock
from ..database.columns import rights_in, rights_text
from ..database.database import Database
from ..database.secret_texts import API_TOKEN, fresh, fresh_id, kept
from ..database.tables import AccountRow, ApiTokenRow
from ..errors import NoSuchToken, NotAToken
from ..names import NAME_MAX
from ..rights import Right
from ..standing import changing

PER_ACCOUNT = 100

_NAME = re.compile(r"[A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token, for whoever may see it. What lets somebody in is not in it."""

    id: str
    account: str
    name: str
    scopes: frozenset[Right]
    made: datetime
    expires: datetime | None = None
    last_used: datetime | None = None


class ApiTokens:
    """All such tokens of one database."""

    def __init__(self, database: Database, clock: Clock = wall_clock) -> None:
        self._database = database
        self._clock = clock

    def create(
        self,
        account: str,
        name: str,
        scopes: Iterable[Right],
        lifetime: timedelta | None = None,
        *,
        by: By = ON_HOST,
    ) -> tuple[ApiToken, str]:
        """Makes a token, and returns it with the text that lets somebody in. That text is kept nowhere.

        Raises:
            NotAName, NoSuchAccount: there is no such account.
            NotAToken: it has one of that name, or too many, or the token could do nothing.
        """
        wanted, now = frozenset(scopes), self._clock()
        _check(name, wanted, lifetime)
        secret = fresh(API_TOKEN)
        with changing(self._database, by) as session:
            owner = row_of(session, account)
            session.execute(delete(ApiTokenRow).where(ApiTokenRow.account == owner.id, ApiTokenRow.expires <= now))
            mine = select(func.count()).select_from(ApiTokenRow).where(ApiTokenRow.account == owner.id)
            if session.scalar(mine.where(ApiTokenRow.name == name)):
                raise NotAToken(f"{owner.name} has a token {name} already", "choose another name, or revoke that one")
            if (session.scalar(mine) or 0) >= PER_ACCOUNT:
                raise NotAToken(f"{owner.name} has {PER_ACCOUNT} tokens, which is the most there can be", "revoke some")
            row = ApiTokenRow(id=fresh_id(), account=owner.id, hash=kept(secret), name=name, made=now)
            row.scopes, row.expires = rights_text(wanted), None if lifetime is None else now + lifetime
            session.add(row)
            note(session, now, by, Act("create", "ApiToken", f"{owner.name}/{name}", message=f"may {row.scopes}"))
            return _seen(row, owner.name), secret

    def list(self, account: str | None = None) -> Sequence[ApiToken]:
        """Returns the tokens of an account, or of all, also those that have expired.

        Raises:
            NotAName, NoSuchAccount: there is no such account.
        """
        with self._database.reading() as session:
            wanted = select(ApiTokenRow, AccountRow.name).join(AccountRow, AccountRow.id == ApiTokenRow.account)
            if account is not None:
                wanted = wanted.where(ApiTokenRow.account == row_of(session, account).id)
            return [_seen(row, name) for row, name in session.execute(wanted.order_by(AccountRow.name, ApiTokenRow.name))]

    def revoke(self, account: str, name: str, *, by: By = ON_HOST) -> None:
        """Lets a token in no more. ``name``: the token's, or its id.

        Raises:
            NotAName, NoSuchAccount: there is no such account.
            NoSuchToken: it has no such token.
        """
        with changing(self._database, by) as session:
            owner = row_of(session, account)
            mine = select(ApiTokenRow).where(ApiTokenRow.account == owner.id)
            row = session.scalar(mine.where(ApiTokenRow.name == name)) or session.scalar(mine.where(ApiTokenRow.id == name))
            if row is None:
                raise NoSuchToken(owner.name, name[:NAME_MAX])
            session.delete(row)
            note(session, self._clock(), by, Act("revoke", "ApiToken", f"{owner.name}/{row.name}"))


def _check(name: str, scopes: frozenset[Right], lifetime: timedelta | None) -> None:
    if not _NAME.fullmatch(name):
        raise NotAToken(
            f"{name[:NAME_MAX]!r} cannot be the name of a token",
            "it is 1 to 63 letters, digits, '-', '.' and '_', and begins and ends with a letter or a digit",
        )
    if not scopes:
        raise NotAToken("a token without a scope could do nothing", f"scopes are {', '.join(Right)}")
    if lifetime is not None and not timedelta(0) < lifetime <= timedelta(days=3650):
        raise NotAToken("a token lives for a while, at most ten years", "give a duration such as 90d, or none")


def _seen(row: ApiTokenRow, account: str) -> ApiToken:
    return ApiToken(row.id, account, row.name, rights_in(row.scopes), row.made, row.expires, row.last_used)
