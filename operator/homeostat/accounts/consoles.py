"""Tickets that open consoles, and who has a console open: in the database, so that whichever server a ticket comes to knows it.

A ticket is good for one use within 30 seconds, and for one machine, kind and mode. It carries who asked for it, since a browser
sends no credentials with a WebSocket; whether he still may is asked again, see ``Recognition``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import cast

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from .actor import Actor, How
from .charges.measures import Measure
from .charges.quotas import consoles_of, limits_of
from .clock import Clock, wall_clock
from .database.columns import fitted
from .database.database import Database
from .database.secret_texts import CONSOLE_TICKET, SECRET_MAX, fresh, fresh_id, kept
from .database.tables import AccountRow, ConsoleRow, ConsoleTicketRow, GenerationRow
from .errors import ConsoleLimit, NoSuchConsole, TicketRefused

LIFETIME = timedelta(seconds=30)
"""Of a ticket."""
STALE = timedelta(seconds=15)
"""After which a console counts no more that its server says nothing of."""


class ConsoleKind(StrEnum):
    """What somebody looks at."""

    VNC = "vnc"
    SERIAL = "serial"
    WEBRTC = "webrtc"

    @property
    def alike(self) -> frozenset[ConsoleKind]:
        """Returns the kinds that show the same: one console of all of them has control."""
        return SCREENS if self in SCREENS else frozenset({self})


SCREENS = frozenset({ConsoleKind.VNC, ConsoleKind.WEBRTC})


class ConsoleMode(StrEnum):
    """What he may do there."""

    CONTROL = "control"
    VIEW = "view"


@dataclass(frozen=True, slots=True)
class ConsoleOf:
    """A console of a machine. ``uid``: the machine's, since another one may get its name."""

    namespace: str
    machine: str
    uid: str
    kind: ConsoleKind
    mode: ConsoleMode


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who asked for a ticket, as far as he can be recognised again."""

    how: How
    account: str = ""
    session: str = ""
    token: str = ""
    address: str = ""

    @classmethod
    def of(cls, actor: Actor) -> Bearer:
        return cls(actor.how, actor.name, actor.session, actor.token, actor.address)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a ticket opens, and for whom."""

    bearer: Bearer
    console: ConsoleOf


@dataclass(frozen=True, slots=True)
class OpenConsole:
    """A console that somebody has open. ``controls``: what he types reaches the guest. ``taken``: how often he took control.
    ``ended``: why it is to end, "" it is not."""

    id: str
    bearer: Bearer
    console: ConsoleOf
    controls: bool
    since: datetime
    taken: int = 0
    ended: str = ""


@dataclass(frozen=True, slots=True)
class ConsoleLimits:
    """How many there may be at once: of one machine, and of one account, whose quota may say less."""

    machine: int = 16
    account: int = 16


class Consoles:
    """All consoles of one database. ``server``: names the process that serves those which it opens."""

    def __init__(self, database: Database, clock: Clock = wall_clock) -> None:
        self._database = database
        self._clock = clock
        self.server = fresh_id()

    def issue(self, ticket: Ticket) -> tuple[str, datetime]:
        """Makes a ticket, and returns its text, which is kept nowhere, and when it expires."""
        text, now = fresh(CONSOLE_TICKET), self._clock()
        with self._database.writing() as session:
            session.execute(delete(ConsoleTicketRow).where(ConsoleTicketRow.expires <= now))
            bearer = ticket.bearer
            texts = fitted(ConsoleTicketRow, **_texts(ticket), session=bearer.session, token=bearer.token)
            session.add(ConsoleTicketRow(hash=kept(text), expires=now + LIFETIME, **texts))
        return text, now + LIFETIME

    def redeem(self, shown: str) -> Ticket:
        """Uses a ticket up, and returns what it is for.

        Raises:
            TicketRefused: it is none, was used before, or is too old.
        """
        if not shown.startswith(CONSOLE_TICKET) or len(shown) > SECRET_MAX:
            raise TicketRefused()
        with self._database.writing() as session:
            # Whoever deletes the row has used it: of two at once one finds none.
            used = delete(ConsoleTicketRow).where(ConsoleTicketRow.hash == kept(shown)).returning(ConsoleTicketRow)
            row = session.scalars(used).one_or_none()
            good = row is not None and row.expires > self._clock()
            ticket = (
                Ticket(Bearer(cast(How, row.how), row.account, row.session, row.token, row.address), _console(row))
                if row
                else None
            )
        if ticket is None or not good:
            raise TicketRefused()
        return ticket

    def open(self, ticket: Ticket, limits: ConsoleLimits) -> OpenConsole:
        """Notes that a console is open. The first one that may control its machine does.

        Raises:
            ConsoleLimit: too many are.
        """
        now, wanted = self._clock(), ticket.console
        with self._database.writing() as session:
            session.execute(delete(ConsoleRow).where(ConsoleRow.seen <= now - STALE))
            _take_turn(session)
            at_machine = session.scalars(select(ConsoleRow).where(*_at(wanted))).all()
            if len(at_machine) >= limits.machine:
                raise ConsoleLimit(f"{len(at_machine)} consoles of {wanted.machine} are open, and {limits.machine} are the most")
            _check_account(session, ticket.bearer.account, limits.account)
            held = any(one.controls for one in at_machine if one.kind in wanted.kind.alike)
            row = ConsoleRow(
                id=fresh_id(), server=self.server, since=now, seen=now, taken=0, ended="", **fitted(ConsoleRow, **_texts(ticket))
            )
            row.controls = wanted.mode is ConsoleMode.CONTROL and not held
            session.add(row)
            return replace(_open(row), bearer=ticket.bearer)

    def list(self) -> Sequence[OpenConsole]:
        """Returns those that are open, the oldest first."""
        with self._database.reading() as session:
            wanted = select(ConsoleRow).where(ConsoleRow.seen > self._clock() - STALE).order_by(ConsoleRow.since, ConsoleRow.id)
            return [_open(row) for row in session.scalars(wanted)]

    def served(self) -> Mapping[str, OpenConsole]:
        """Returns those that this server serves, by id, as others may have changed them."""
        with self._database.reading() as session:
            rows = session.scalars(select(ConsoleRow).where(ConsoleRow.server == self.server))
            return {row.id: _open(row) for row in rows}

    def keep(self, ids: Iterable[str]) -> None:
        """Notes that this server still serves those."""
        with self._database.writing() as session:
            session.execute(update(ConsoleRow).where(ConsoleRow.id.in_(list(ids))).values(seen=self._clock()))

    def take_control(self, id: str) -> None:
        """Gives a console the control of its machine; whoever had it looks on from then on.

        Raises:
            NoSuchConsole: it is not open, or for looking only.
        """
        with self._database.writing() as session:
            _take_turn(session)
            row = session.get(ConsoleRow, id)
            if row is None or row.mode != ConsoleMode.CONTROL:
                raise NoSuchConsole(id)
            alike = ConsoleRow.kind.in_(ConsoleKind(row.kind).alike)
            session.execute(update(ConsoleRow).where(*_at(_console(row)), alike).values(controls=False))
            row.controls, row.taken = True, row.taken + 1

    def end(self, id: str, why: str) -> None:
        """Asks whichever server serves a console to end it.

        Raises:
            NoSuchConsole: it is not open.
        """
        with self._database.writing() as session:
            row = session.get(ConsoleRow, id)
            if row is None:
                raise NoSuchConsole(id)
            row.ended = why

    def close(self, id: str) -> None:
        """Notes that a console is open no more."""
        with self._database.writing() as session:
            session.execute(delete(ConsoleRow).where(ConsoleRow.id == id))


def _take_turn(session: Session) -> None:
    """Waits until nobody else opens a console or takes control: two of them could both have the last place."""
    session.execute(select(GenerationRow.id).with_for_update())  # any row that is always there; a file has one writer anyway


def _check_account(session: Session, account: str, most: int) -> None:
    row = session.scalar(select(AccountRow).where(AccountRow.name == account)) if account else None
    if row is None:
        return
    limit = limits_of(session, row)[Measure.CONSOLES]
    allowed = most if limit is None else min(most, limit)
    if (now := consoles_of(session, row)) >= allowed:
        raise ConsoleLimit(f"{now} consoles of {account} are open, and {allowed} are the most")


def _at(console: ConsoleOf) -> tuple[ColumnElement[bool], ...]:
    return ConsoleRow.namespace == console.namespace, ConsoleRow.machine == console.machine, ConsoleRow.uid == console.uid


def _texts(ticket: Ticket) -> dict[str, str]:
    bearer, console = ticket.bearer, ticket.console
    return {
        **{"how": bearer.how, "account": bearer.account, "address": bearer.address},
        **{"namespace": console.namespace, "machine": console.machine, "uid": console.uid},
        **{"kind": console.kind, "mode": console.mode},
    }


def _console(row: ConsoleTicketRow | ConsoleRow) -> ConsoleOf:
    return ConsoleOf(row.namespace, row.machine, row.uid, ConsoleKind(row.kind), ConsoleMode(row.mode))


def _open(row: ConsoleRow) -> OpenConsole:
    bearer = Bearer(cast(How, row.how), row.account, address=row.address)
    return OpenConsole(row.id, bearer, _console(row), row.controls, row.since, row.taken, row.ended)
