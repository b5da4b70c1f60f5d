"""How long somebody waits who failed to sign in: longer with each failure, up to a bound, and never for good.

Failures count per account and address, per account and per address, in the database, so that all servers know of them. An attempt
that is refused here is no failure. Whoever waits at one address keeps nobody waiting at another, until an account has failed from
so many that it is attacked from everywhere; and who has a session at an address does not wait even then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ..database.columns import short
from ..database.tables import FailureRow

ROWS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Limit:
    """``free`` failures cost nothing. The next one costs a second, each further one twice as much, up to ``longest`` seconds."""

    free: int
    longest: float

    def delay(self, failures: int) -> float:
        """Returns the seconds from the last failure to the next attempt."""
        over = failures - self.free
        return 0.0 if over < 0 else min(2.0 ** min(over, 30), self.longest)


@dataclass(frozen=True, slots=True)
class Limits:
    account: Limit = Limit(free=5, longest=60)  # from one address
    everywhere: Limit = Limit(free=50, longest=60)  # for an account
    address: Limit = Limit(free=50, longest=300)
    forgotten: timedelta = timedelta(hours=1)
    """After which failures count no more."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Whom somebody tries to be, and from where. ``name`` None: it cannot be an account's."""

    name: str | None
    address: str
    known: bool = False  # the address has a session of the account

    def counted(self, limits: Limits) -> Sequence[tuple[str, Limit]]:
        """Returns what counts its failures, each with its limit."""
        place = network_of(self.address)
        counted = [(f"address {place}", limits.address)]
        if self.name is not None:
            counted.append((f"account {self.name} {place}", limits.account))
            if not self.known:
                counted.append((f"account {self.name}", limits.everywhere))
        return counted


def network_of(address: str) -> str:
    """Returns what counts as one address: of IPv6 the network of 64 bits, any address of which its owner can have."""
    try:
        found = ip_address(address)
    except ValueError:
        return short(address, 28)  # with a name it fits into its column
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return f"{IPv6Address(int(found) >> 64 << 64)}/64"


def remaining(session: Session, attempt: Attempt, limits: Limits, now: datetime) -> float:
    """Returns the seconds until an attempt may be made; 0: now."""
    longest = 0.0
    for about, limit in attempt.counted(limits):
        row = session.get(FailureRow, about)
        if row is None or _forgotten(row, limits, now):
            continue
        # The clock may have gone back: then a failure of the future is as long ago as it is ahead.
        longest = max(longest, limit.delay(row.count) - abs((now - row.last).total_seconds()))
    return max(longest, 0.0)


def failed(session: Session, attempt: Attempt, limits: Limits, now: datetime) -> None:
    """Counts a failure. What one address fails beyond its free attempts counts for the account only once that is attacked from
    many."""
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    here = 0
    for about, limit in attempt.counted(limits):
        session.execute(make(FailureRow).values(about=about, count=0, last=now).on_conflict_do_nothing())
        row = session.get_one(FailureRow, about, with_for_update=True)
        before = 0 if _forgotten(row, limits, now) else row.count
        if limit is limits.everywhere and before < limit.free and here > limits.account.free:
            continue
        row.count, row.last = before + 1, now
        here = row.count if limit is limits.account else here
    _bound(session, limits, now)


def succeeded(session: Session, attempt: Attempt, limits: Limits) -> None:
    """Forgets the failures of the account at that address. Those of the address stay: somebody with an account could clear them.
    So do those of the account everywhere: whoever attacks it would begin again each time that its owner signs in."""
    for about, limit in attempt.counted(limits):
        if limit is limits.account:
            session.execute(delete(FailureRow).where(FailureRow.about == about))


def _forgotten(row: FailureRow, limits: Limits, now: datetime) -> bool:
    return abs(now - row.last) >= limits.forgotten


def _bound(session: Session, limits: Limits, now: datetime) -> None:
    """Keeps the table small, whatever names and addresses are tried. What failed least goes first."""
    session.execute(delete(FailureRow).where(FailureRow.last < now - limits.forgotten))
    over = session.execute(select(func.count()).select_from(FailureRow)).scalar_one() - ROWS_MAX
    if over > 0:
        least = select(FailureRow.about).order_by(FailureRow.count, FailureRow.last).limit(over + ROWS_MAX // 10)
        session.execute(delete(FailureRow).where(FailureRow.about.in_(least.scalar_subquery())))
