"""Grants: what an account, or everybody who has one, may do beyond what it owns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from homeostat.models.kinds import BY_KIND

from .accounts import row_of
from .audit.audit import ON_HOST, Act, By, note
from .clock import Clock, wall_clock
from .database.columns import rights_in, rights_text
from .database.database import Database
from .database.secret_texts import fresh_id
from .database.tables import AccountRow, GrantRow
from .errors import NoSuchGrant, NotAGrant
from .names import NAME_MAX
from .rights import OWN, Grant
from .standing import changing

PER_ACCOUNT = 1000

_PLACE = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class GivenGrant:
    """A grant, and whose it is. ``account`` None: everybody's."""

    id: str
    account: str | None
    grant: Grant
    made: datetime


class Grants:
    """All grants of one database."""

    def __init__(self, database: Database, clock: Clock = wall_clock) -> None:
        self._database = database
        self._clock = clock

    def give(self, account: str | None, grant: Grant, *, by: By = ON_HOST) -> GivenGrant:
        """Gives rights to an account, or to everybody who has one. What was given already stays one grant.

        Raises:
            NotAName, NoSuchAccount: there is no such account.
            NotAGrant: nobody can be given that, or not so much.
        """
        _check(grant)
        with changing(self._database, by) as session:
            owner = None if account is None else row_of(session, account)
            his = GrantRow.account == owner.id if owner is not None else GrantRow.account.is_(None)
            rights, named = rights_text(grant.rights), None if owner is None else owner.name
            same = select(GrantRow).where(
                his,
                GrantRow.rights == rights,
                GrantRow.namespace == grant.namespace,
                GrantRow.kind == grant.kind,
                GrantRow.name == grant.name,
            )
            if (row := session.scalar(same)) is not None:
                return GivenGrant(row.id, named, grant, row.made)
            if (session.scalar(select(func.count()).select_from(GrantRow).where(his)) or 0) >= PER_ACCOUNT:
                raise NotAGrant(f"{named or 'everybody'} has {PER_ACCOUNT} grants, which is the most", "take some back")
            row = GrantRow(id=fresh_id(), account=owner.id if owner is not None else None, rights=rights, made=self._clock())
            row.namespace, row.kind, row.name = grant.namespace, grant.kind, grant.name
            session.add(row)
            note(session, row.made, by, _act("give", row, named))
            return GivenGrant(row.id, named, grant, row.made)

    def list(self, account: str | None = None) -> Sequence[GivenGrant]:
        """Returns all grants, or those that count for an account: everybody's too.

        Raises:
            NotAName, NoSuchAccount: there is no such account.
        """
        with self._database.reading() as session:
            wanted = select(GrantRow, AccountRow.name).join(AccountRow, AccountRow.id == GrantRow.account, isouter=True)
            if account is not None:
                owner = row_of(session, account)
                wanted = wanted.where((GrantRow.account == owner.id) | GrantRow.account.is_(None))
            wanted = wanted.order_by(AccountRow.name, GrantRow.namespace, GrantRow.kind, GrantRow.name, GrantRow.id)
            found = [
                GivenGrant(row.id, name, Grant(rights_in(row.rights), row.namespace, row.kind, row.name), row.made)
                for row, name in session.execute(wanted)
            ]
        return sorted(found, key=lambda given: given.account is not None)  # databases differ in where they sort nobody

    def take(self, grant_id: str, *, by: By = ON_HOST) -> None:
        """Takes a grant back.

        Raises:
            NoSuchGrant: there is none.
        """
        with changing(self._database, by) as session:
            row = session.get(GrantRow, grant_id)
            if row is None:
                raise NoSuchGrant(grant_id)
            owner = session.get(AccountRow, row.account) if row.account is not None else None
            note(session, self._clock(), by, _act("take", row, owner.name if owner is not None else None))
            session.delete(row)


def _act(verb: str, row: GrantRow, account: str | None) -> Act:
    what = f"{row.rights} to {row.kind or 'all'}{'/' + row.name if row.name else ''}"
    return Act(verb, "Grant", row.id, row.namespace, message=f"{account or 'everybody'}: {what}")


def _check(grant: Grant) -> None:
    own = ", ".join(sorted(OWN))
    if not grant.rights or not grant.rights <= OWN:
        raise NotAGrant("a grant gives some of the rights that an owner has", f"they are {own}; more comes with a role")
    if grant.kind and grant.kind not in BY_KIND:
        raise NotAGrant(f"{grant.kind[:NAME_MAX]!r} is no kind", f"kinds are {', '.join(sorted(BY_KIND))}")
    if grant.name and not grant.kind:
        raise NotAGrant("a grant to one resource names its kind, too", "such as vm/web")
    for place in filter(None, (grant.namespace, grant.name)):
        if not _PLACE.fullmatch(place):
            raise NotAGrant(f"{place[:NAME_MAX]!r} can be the name of nothing", "names have a-z, 0-9, '-' and '.'")
    if not grant.namespace or len(grant.namespace) > NAME_MAX:
        raise NotAGrant("a grant is in one namespace", "name it")
