"""Signing in by name and password. What is wrong nobody learns, neither by words nor by time: a name that nobody has is tried
against a password that nobody knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..audit.audit import Act, AuditOutcome, By, note
from ..clock import Clock, wall_clock
from ..database.columns import fitted
from ..database.database import Database
from ..database.tables import AccountRow, SessionRow
from ..errors import AccountBanned, NotAName, SignInRefused, TooManyAttempts
from ..names import account_name
from . import throttle
from .access_tokens import Told, nothing
from .passwords import Passwords
from .sessions import SignedIn, begin
from .throttle import Attempt, Limits


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Whom somebody tries to be. ``password``: the hash; None where there is none, or no account."""

    id: int
    password: str | None


class SignIn:
    """The door. It hashes, so it is called in a thread."""

    def __init__(self, database: Database, passwords: Passwords, clock: Clock = wall_clock, limits: Limits | None = None) -> None:
        self._database = database
        self._passwords = passwords
        self._clock = clock
        self._limits = limits or Limits()

    def sign_in(
        self,
        name: str,
        password: str,
        address: str,
        client: str = "",
        told: Told = nothing,
        lasting: timedelta | None = None,
        also_banned: bool = False,
    ) -> SignedIn:
        """Begins a session. ``address``: where it comes from, ``client``: what that calls itself, ``told``: what its access token
        tells besides, ``lasting``: how long the session and its one access token last, at most 14 days, where nobody refreshes.
        ``also_banned``: who is banned may sign in, too, for what is left to him.

        Raises:
            SignInRefused: name or password is wrong.
            TooManyAttempts: it failed too often; the password was not tried.
            AccountBanned: both are right, and the account is banned.
        """
        candidate, attempt, renewed = self._tried(name, password, address)
        with self._database.writing() as session:
            account = session.get(AccountRow, candidate.id, with_for_update=True)
            # While the password was tried, it may have changed, or the account may have been deleted, and its password with it.
            if account is None or account.password != candidate.password:
                raise SignInRefused()
            banned, named, reason = account.banned is not None and not also_banned, account.name, account.ban_reason
            self._note(session, named, address, "Refused" if banned else "Done", "the account is banned" if banned else "")
            if not banned:
                account.password = renewed
                throttle.succeeded(session, attempt, self._limits)
                return begin(session, account, address, client, self._clock(), told, lasting)
        raise AccountBanned(named, reason)

    def confirm(self, name: str, password: str, address: str) -> None:
        """Checks that whoever asks knows the password of that account, such as before he sets another. It counts as an attempt.

        Raises:
            SignInRefused: it is wrong.
            TooManyAttempts: it failed too often; the password was not tried.
        """
        _, attempt, _ = self._tried(name, password, address)
        with self._database.writing() as session:
            throttle.succeeded(session, attempt, self._limits)

    def _tried(self, name: str, password: str, address: str) -> tuple[_Candidate, Attempt, str | None]:
        """Tries a password. Returns whose it is, and the hash that is to be kept of it."""
        try:
            typed: str | None = account_name(name)
        except NotAName:
            typed = None
        self._candidate(typed, address)  # who has to wait anyway takes no turn
        with self._passwords.turn() as turn:
            # Whoever was refused meanwhile counts: in one turn there is one attempt.
            candidate, attempt = self._candidate(typed, address)
            if turn.matches(password, candidate.password):
                outdated = self._passwords.outdated(candidate.password or "")
                return candidate, attempt, turn.hash(password) if outdated else candidate.password
            with self._database.writing() as session:
                throttle.failed(session, attempt, self._limits, self._clock())
                # What is no account's name may be a password.
                self._note(session, typed if candidate.id else None, address, "Refused", "the name or the password is wrong")
        raise SignInRefused()

    def _candidate(self, name: str | None, address: str) -> tuple[_Candidate, Attempt]:
        with self._database.reading() as session:
            candidate = _account(session, name or "")
            attempt = Attempt(name, address, _is_known(session, candidate, address))
            if wait := throttle.remaining(session, attempt, self._limits, self._clock()):
                raise TooManyAttempts(wait)
            return candidate, attempt

    def _note(self, session: Session, name: str | None, address: str, outcome: AuditOutcome, message: str) -> None:
        by = By("session", name or "", address) if outcome == "Done" else By("unknown", address=address)
        note(session, self._clock(), by, Act("sign in", "Account", name or "", outcome=outcome, message=message))


# Both ask the same whether there is such an account or not, so that it takes as long.
def _account(session: Session, name: str) -> _Candidate:
    wanted = select(AccountRow.id, AccountRow.password).where(AccountRow.name == name, AccountRow.deleted.is_(None))
    found = session.execute(wanted).first()
    return _Candidate(0, None) if found is None else _Candidate(found.id, found.password)


def _is_known(session: Session, candidate: _Candidate, address: str) -> bool:
    place = fitted(SessionRow, address=address)["address"]
    known = select(SessionRow.id).where(SessionRow.account == candidate.id, SessionRow.address == place).limit(1)
    return session.scalar(known) is not None
