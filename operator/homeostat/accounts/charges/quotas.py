"""Quotas: how much an account may have at once. A role has limits for whoever is of it; an account may have others of its own.
Where nothing is said there is no limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ..accounts import row_of
from ..audit.audit import ON_HOST, Act, By, note
from ..clock import Clock, wall_clock
from ..database.database import Database
from ..database.tables import AccountRow, ChargeRow, ConsoleRow, QuotaRow
from ..rights import Role
from ..standing import changing
from .measures import Measure, NewLimit, checked, shown


@dataclass(frozen=True, slots=True)
class Quota:
    """What an account has of one thing. ``limit`` None: as much as it likes. ``own``: the limit is not that of its role."""

    measure: Measure
    used: int
    limit: int | None
    own: bool = False


@dataclass(frozen=True, slots=True)
class AccountQuotas:
    """All quotas of an account."""

    account: str
    role: Role
    quotas: Sequence[Quota]

    def document(self) -> dict[str, Any]:
        """Returns them as JSON has it, for commands and over REST; memory and disk in bytes."""
        quotas = {quota.measure.value: {"used": quota.used, "limit": quota.limit, "own": quota.own} for quota in self.quotas}
        return {"account": self.account, "role": self.role.value, "quotas": quotas}


def role_document(role: Role, limits: Mapping[Measure, int | None]) -> dict[str, Any]:
    """Returns the limits of a role as JSON has it."""
    return {"role": role.value, "limits": {measure.value: limit for measure, limit in limits.items()}}


class Quotas:
    """The limits of one database, and what is used of them."""

    def __init__(self, database: Database, clock: Clock = wall_clock) -> None:
        self._database = database
        self._clock = clock

    def list(self, account: str | None = None) -> Sequence[AccountQuotas]:
        """Returns the quotas of all accounts, by name, or of one.

        Raises:
            NotAName, NoSuchAccount: there is no such account.
        """
        with self._database.reading() as session:
            if account is not None:
                rows: Sequence[AccountRow] = [row_of(session, account)]
            else:
                rows = session.scalars(select(AccountRow).where(AccountRow.deleted.is_(None)).order_by(AccountRow.name)).all()
            return [_of(session, row) for row in rows]

    def roles(self) -> Mapping[Role, Mapping[Measure, int | None]]:
        """Returns the limits of each role."""
        with self._database.reading() as session:
            return {role: role_limits(session, role) for role in Role}

    def set(self, account: str, limits: Mapping[Measure, NewLimit], *, by: By = ON_HOST) -> AccountQuotas:
        """Gives an account limits of its own. What it has already stays, also where that is more.

        Raises:
            NotAName, NoSuchAccount: there is no such account.
            NotAQuota: that is no limit.
        """
        with changing(self._database, by) as session:
            row = row_of(session, account)
            for measure, limit in limits.items():
                session.execute(delete(QuotaRow).where(QuotaRow.account == row.id, QuotaRow.measure == measure.value))
                if not isinstance(limit, str):
                    session.add(QuotaRow(account=row.id, role="", measure=measure.value, amount=checked(measure, limit)))
            note(session, self._clock(), by, Act("set", "Quota", row.name, message=_said(limits)))
            return _of(session, row)

    def set_role(self, role: Role, limits: Mapping[Measure, NewLimit], *, by: By = ON_HOST) -> Mapping[Measure, int | None]:
        """Gives a role limits, which hold for its accounts that have none of their own.

        Raises:
            NotAQuota: that is no limit.
        """
        with changing(self._database, by) as session:
            for measure, limit in limits.items():
                session.execute(delete(QuotaRow).where(QuotaRow.role == role.value, QuotaRow.measure == measure.value))
                if isinstance(limit, int):
                    session.add(QuotaRow(account=None, role=role.value, measure=measure.value, amount=checked(measure, limit)))
            note(session, self._clock(), by, Act("set", "Quota", f"role {role}", message=_said(limits)))
            return role_limits(session, role)


def role_limits(session: Session, role: Role) -> dict[Measure, int | None]:
    """Returns the limits of a role."""
    rows = session.scalars(select(QuotaRow).where(QuotaRow.role == role.value))
    return {**dict.fromkeys(Measure, None), **{Measure(row.measure): row.amount for row in rows}}


def limits_of(session: Session, row: AccountRow) -> dict[Measure, int | None]:
    """Returns the limits that hold for an account."""
    return role_limits(session, Role(row.role)) | _own_limits(session, row)


def used_by(session: Session, row: AccountRow) -> dict[Measure, int]:
    """Returns what an account is charged for, and the consoles that it has open."""
    sums = [func.coalesce(func.sum(getattr(ChargeRow, measure.value)), 0) for measure in Measure]
    found = session.execute(select(*sums).where(ChargeRow.account == row.id)).one()
    charged = {measure: int(amount) for measure, amount in zip(Measure, found, strict=True)}
    return {**charged, Measure.CONSOLES: consoles_of(session, row)}


def consoles_of(session: Session, row: AccountRow) -> int:
    """Returns how many consoles an account has open."""
    return session.scalar(select(func.count()).select_from(ConsoleRow).where(ConsoleRow.account == row.name)) or 0


def _of(session: Session, row: AccountRow) -> AccountQuotas:
    used, own = used_by(session, row), _own_limits(session, row)
    limits = {**role_limits(session, Role(row.role)), **own}
    return AccountQuotas(row.name, Role(row.role), [Quota(m, used[m], limits[m], m in own) for m in Measure])


def _own_limits(session: Session, row: AccountRow) -> dict[Measure, int | None]:
    return {Measure(own.measure): own.amount for own in session.scalars(select(QuotaRow).where(QuotaRow.account == row.id))}


def _said(limits: Mapping[Measure, NewLimit]) -> str:
    return ", ".join(f"{m}={limit if isinstance(limit, str) else shown(m, limit)}" for m, limit in limits.items())
