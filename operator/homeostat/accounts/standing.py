"""Whether somebody still may what he asked for: others change accounts at the same time, and his may be among them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from .actor import Actor
from .audit.audit import By
from .database.database import Database
from .database.tables import AccountRow, ApiTokenRow, SessionRow
from .errors import NotPermitted, NotSignedIn


@contextlib.contextmanager
def changing(database: Database, by: By) -> Iterator[Session]:
    """Opens a transaction that changes what somebody may do, as ``Database.changing`` does, if whoever asks for it still has what
    he was let in with.

    Raises:
        NotSignedIn: his account, his session or his token has gone since, or he is banned.
        NotPermitted: he has another role by now.
    """
    with database.changing() as session:
        if by.let_in is not None:
            _check(session, by.let_in)
        yield session


def _check(session: Session, actor: Actor) -> None:
    if actor.session and session.get(SessionRow, actor.session) is None:
        raise NotSignedIn()
    if actor.account is None:
        return
    row = session.get(AccountRow, actor.account)
    if row is None or row.deleted is not None or row.banned is not None:
        raise NotSignedIn()
    shown = select(ApiTokenRow.id).where(ApiTokenRow.account == row.id, ApiTokenRow.name == actor.token)
    if actor.token and session.scalar(shown) is None:
        raise NotSignedIn()
    if row.role != actor.role.value:
        raise NotPermitted("the role of whoever asks was changed just now", "ask again")
