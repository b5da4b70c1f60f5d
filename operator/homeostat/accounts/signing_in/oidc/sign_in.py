"""Signing in as whom the provider knows. What it says was verified before; here it becomes an account's session."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from ...accounts import administrators
from ...audit.audit import Act, By, note
from ...clock import Clock, wall_clock
from ...database.database import Database
from ...database.tables import AccountRow, IdentityRow
from ...errors import AccountBanned, AccountsError, NoAccountOf, NotAName, NotAnIdentity, ProviderRefused, TooManyAttempts
from ...names import account_name
from ...rights import Role
from .. import throttle
from ..sessions import SignedIn, begin
from ..throttle import Attempt, Limits
from .identities import bind, check
from .person import Person
from .settings import OidcSettings


class OidcSignIn:
    """The door of those whom the provider knows. Each call may wait for the disk."""

    def __init__(
        self, database: Database, settings: OidcSettings, clock: Clock = wall_clock, limits: Limits | None = None
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._limits = limits or Limits()

    def check_turn(self, address: str) -> None:
        """Checks that an address may try.

        Raises:
            TooManyAttempts: it failed too often.
        """
        with self._database.reading() as session:
            if wait := throttle.remaining(session, Attempt(None, address), self._limits, self._clock()):
                raise TooManyAttempts(wait)

    def refuse(self, address: str, why: str) -> None:
        """Notes that what came back from the provider lets nobody in, and counts it for the address that brought it."""
        with self._database.writing() as session:
            throttle.failed(session, Attempt(None, address), self._limits, self._clock())
            self._note_refusal(session, address, why)

    def sign_in(self, person: Person, address: str, client: str = "") -> SignedIn:
        """Begins a session. ``address``: where it comes from, ``client``: what that calls itself.

        Raises:
            ProviderRefused: the provider calls him what none may.
            NoAccountOf: no account is his.
            AccountBanned: his account is.
        """
        try:
            check(person.issuer, person.subject)
        except NotAnIdentity as error:
            raise ProviderRefused(str(error)) from error
        with self._database.changing() as session:
            found = self._account_of(session, person, address)
            if isinstance(found, AccountRow):
                self._note(session, address, Act("sign in", "Account", found.name, message=f"by {person.issuer}"))
                return begin(session, found, address, client, self._clock())
        raise found

    def _account_of(self, session: Session, person: Person, address: str) -> AccountRow | AccountsError:
        """Returns whose account it is, brought up to date; or why nobody comes in by it."""
        row = session.get(IdentityRow, (person.issuer, person.subject))
        if row is None:
            return self._made(session, person, address)
        account = session.get_one(AccountRow, row.account, with_for_update=True)
        if account.deleted is not None:
            return self._unknown(session, person, address, f"the account {account.name} is deleted")
        if account.banned is not None:
            self._note_refusal(session, address, "the account is banned", account.name)
            return AccountBanned(account.name, account.ban_reason)
        row.last_used = self._clock()
        if (role := self._settings.role_of(person.claims)) is not None and role != account.role:
            self._set_role(session, account, role, address)
        return account

    def _made(self, session: Session, person: Person, address: str) -> AccountRow | AccountsError:
        """Returns an account that is made now, where that may be. Nobody becomes somebody else by a name, which he may have
        chosen himself: an account that is there is bound by an administrator only."""
        settings = self._settings
        if not settings.create:
            return self._unknown(session, person, address, "no account is bound to it")
        if not settings.takes(person.claims):
            return self._unknown(session, person, address, "its e-mail address is not verified, or of another domain")
        told = person.claims.get(settings.username_claim)
        try:
            name = account_name(told.partition("@")[0] if isinstance(told, str) else "")
        except NotAName:
            return self._unknown(session, person, address, f"its {settings.username_claim} is no name for an account")
        if session.scalar(select(AccountRow.id).where(AccountRow.name == name)) is not None:
            return self._unknown(session, person, address, f"there is, or was, an account {name}, which is not bound to it")
        role = settings.role_of(person.claims) or Role.USER
        made = AccountRow(name=name, role=role.value, password=None, made=self._clock())
        session.add(made)
        session.flush()
        bind(session, made, person.issuer, person.subject, self._clock()).last_used = self._clock()
        self._note(session, address, Act("add", "Account", name, message=f"as {role}, {_named(person)}"))
        return made

    def _unknown(self, session: Session, person: Person, address: str, why: str) -> NoAccountOf:
        self._note_refusal(session, address, f"{why}: {_named(person)}")
        return NoAccountOf(person.issuer, person.subject)

    def _set_role(self, session: Session, account: AccountRow, role: Role, address: str) -> None:
        """Gives the role that the provider tells, unless nobody would be left to administer."""
        before, account.role = account.role, role.value
        message = f"{before} -> {role}, as {self._settings.issuer} says"
        if administrators(session):
            self._note(session, address, Act("set role", "Account", account.name, message=message))
            return
        account.role = before
        why = f"{message}: it is the only administrator, and keeps that role"
        self._note(session, address, Act("set role", "Account", account.name, outcome="Refused", message=why))

    def _note(self, session: Session, address: str, act: Act) -> None:
        note(session, self._clock(), By("session", act.name, address), act)

    def _note_refusal(self, session: Session, address: str, why: str, name: str = "") -> None:
        act = Act("sign in", "Account", name, outcome="Refused", message=why)
        note(session, self._clock(), By("unknown", address=address), act)


def _named(person: Person) -> str:
    return f"{person.subject} of {person.issuer}"
