"""What accounts are charged for, by resource. A charge is made before its resource is, in one transaction with the look at the
limits: two that ask at once cannot both have the last place.

No second write says that the resource was made. A charge is believed for a while, and then is whatever a count of what there is
says. So whoever is killed between charge and resource leaves nothing behind for longer than that.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from ..clock import Clock, wall_clock
from ..database.database import Database
from ..database.secret_texts import fresh_id
from ..database.tables import AccountRow, ChargeRow
from ..errors import Excess, QuotaExceeded
from .measures import NOTHING, Amounts, Measure, shown
from .quotas import limits_of, used_by

BELIEVED = timedelta(seconds=60)
"""How long a charge holds against a count. No edit takes so long, and a count may not see what another server has just made."""

_COUNTED = datetime(1970, 1, 1, tzinfo=UTC)  # when the charge of what was counted was made


@dataclass(frozen=True, slots=True)
class Charged:
    """What is charged for: a resource."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge that was made. ``before``: what its resource was charged before. None: nothing."""

    id: str
    what: Charged
    account: int
    before: Amounts | None


class Charges:
    """All charges of one database."""

    def __init__(self, database: Database, clock: Clock = wall_clock) -> None:
        self._database = database
        self._clock = clock

    def charge(self, owner: str, what: Charged, wanted: Amounts, had: Amounts = NOTHING) -> Charge | None:
        """Charges an account for a resource. What ``wanted`` says nothing of stays as it was. ``had``: what the resource costs
        already, which it may since the last count by what others did. None: there is no such account, and whatever belonged to
        it counts no more.

        Raises:
            QuotaExceeded: it would have more than its limits of something that it asks more of. Nothing is charged.
        """
        self.check(owner, what, wanted, had)  # who is refused anyway takes no turn to write
        with self._database.writing() as session:
            account = session.scalar(_account(owner).with_for_update())
            if account is None:
                return None
            row = session.get(ChargeRow, _key(what))
            _check(session, account, row, wanted, had)
            made = Charge(fresh_id(), what, account.id, _amounts(row) if row is not None and row.account == account.id else None)
            if row is None:
                row = ChargeRow(kind=what.kind, namespace=what.namespace, name=what.name, **_columns({}))
                session.add(row)
            _write(row, account.id, {**(made.before or {}), **wanted}, made.id, self._clock())
            return made

    def check(self, owner: str, what: Charged, wanted: Amounts, had: Amounts = NOTHING) -> None:
        """Checks what ``charge`` would.

        Raises:
            QuotaExceeded: see there.
        """
        with self._database.reading() as session:
            if (account := session.scalar(_account(owner))) is not None:
                _check(session, account, session.get(ChargeRow, _key(what)), wanted, had)

    def give_back(self, charge: Charge) -> None:
        """Takes a charge back, whose resource could not be made or changed. One that was charged again meanwhile stays so."""
        with self._database.writing() as session:
            row = session.get(ChargeRow, _key(charge.what))
            if row is None or row.claim != charge.id:
                return
            if charge.before is None:
                session.delete(row)
            else:
                _write(row, charge.account, charge.before, "", row.at)

    def settle(self, what: Charged) -> None:
        """Notes that a count holds for a resource from now on, such as one that is being deleted: its charge goes as soon as a
        count does not find it."""
        with self._database.writing() as session:
            here = (ChargeRow.kind == what.kind, ChargeRow.namespace == what.namespace, ChargeRow.name == what.name)
            session.execute(update(ChargeRow).where(*here).values(at=_COUNTED, claim=""))

    def correct(self, namespace: str, kinds: Set[str], counted: Mapping[str, Mapping[Charged, Amounts]], at: datetime) -> int:
        """Makes the charges of a namespace what was counted of these kinds, by owner, from ``at`` on, and returns how many were
        not. Those that were made shortly before or since then stay, but for disk that turned out to be more, such as that of an
        image whose size was not known yet."""
        with self._database.writing() as session:
            accounts = session.execute(select(AccountRow.name, AccountRow.id).where(AccountRow.deleted.is_(None)))
            ids = {name: number for name, number in accounts}
            there: dict[Charged, tuple[int, Amounts]] = {}
            for owner, found in counted.items():
                if owner in ids:
                    there |= {what: (ids[owner], amounts) for what, amounts in found.items()}
            changed = 0
            for row in session.scalars(select(ChargeRow).where(ChargeRow.namespace == namespace, ChargeRow.kind.in_(kinds))):
                wanted = there.pop(Charged(row.kind, row.namespace, row.name), None)
                if row.at > at - BELIEVED:
                    changed += row.at <= at and wanted is not None and _raise_disk(row, *wanted)
                    continue
                if wanted is None:
                    session.delete(row)
                    changed += 1
                elif (row.account, _amounts(row)) != (wanted[0], after := {**_amounts(row), **wanted[1]}):
                    _write(row, wanted[0], after, "", _COUNTED)
                    changed += 1
            for what, (account, amounts) in there.items():
                row = ChargeRow(kind=what.kind, namespace=what.namespace, name=what.name, **_columns({}))
                _write(row, account, amounts, "", _COUNTED)
                session.add(row)
            return changed + len(there)

    def of(self, owner: str) -> Mapping[Charged, Amounts]:
        """Returns the charges of an account. Of each only what is not 0."""
        with self._database.reading() as session:
            rows = session.scalars(select(ChargeRow).join(AccountRow).where(AccountRow.name == owner))
            return {Charged(r.kind, r.namespace, r.name): {m: n for m, n in _amounts(r).items() if n} for r in rows}


def _check(session: Session, account: AccountRow, row: ChargeRow | None, wanted: Amounts, had: Amounts) -> None:
    """Compares what goes up with the limits. What does not go up is never refused: a limit may have been lowered meanwhile, or
    the resource may have become larger without its owner.

    Raises:
        QuotaExceeded: it is too much.
    """
    charged = _amounts(row) if row is not None and row.account == account.id else dict.fromkeys(Measure, 0)
    before = {measure: max(amount, had.get(measure, 0)) for measure, amount in charged.items()}
    more = {measure: amount - before[measure] for measure, amount in wanted.items() if amount > before[measure]}
    if not more:
        return
    limits, used = limits_of(session, account), used_by(session, account)
    used = {measure: amount + before[measure] - charged[measure] for measure, amount in used.items()}
    excess = [
        Excess(measure, used[measure], asked, limit, *(shown(measure, n) for n in (used[measure], asked, limit)))
        for measure, asked in more.items()
        if (limit := limits[measure]) is not None and used[measure] + asked > limit
    ]
    if excess:
        raise QuotaExceeded(account.name, excess)


def _raise_disk(row: ChargeRow, account: int, counted: Amounts) -> bool:
    """Charges for disk what was counted, and tells whether that is more. Of other measures a count may see more that an edit is
    just giving back; a disk gets no smaller."""
    more = counted.get(Measure.DISK, 0)
    if row.account != account or more <= row.disk:
        return False
    row.disk = more
    return True


def _account(name: str) -> Select[AccountRow]:
    return select(AccountRow).where(AccountRow.name == name, AccountRow.deleted.is_(None))


def _key(what: Charged) -> tuple[str, str, str]:
    return what.kind, what.namespace, what.name


def _amounts(row: ChargeRow) -> dict[Measure, int]:
    return {measure: getattr(row, measure.value) for measure in Measure}


def _columns(amounts: Amounts) -> dict[str, int]:
    return {measure.value: amounts.get(measure, 0) for measure in Measure}


def _write(row: ChargeRow, account: int, amounts: Amounts, claim: str, at: datetime) -> None:
    for column, amount in _columns(amounts).items():
        setattr(row, column, amount)
    row.account, row.claim, row.at = account, claim, at
