"""The accounts: who there is, of which role, and who may not come in. Each call is one transaction: it is done as a whole, or not
at all. What it takes away counts at the next request of whoever lost it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .audit.audit import ON_HOST, Act, By, note
from .clock import Clock, wall_clock
from .database.columns import fitted
from .database.database import Database
from .database.tables import AccountRow, ApiTokenRow, ChargeRow, GrantRow, IdentityRow, QuotaRow, SessionRow
from .errors import AccountExists, LastAdministrator, NoSuchAccount
from .names import account_name
from .rights import Role
from .signing_in.passwords import Passwords
from .standing import changing

KIND = "Account"  # in the audit


@dataclass(frozen=True, slots=True)
class Account:
    """An account, for whoever may see it. What lets somebody in is not in it. ``id``: a number that no other account ever has."""

    name: str
    role: Role
    made: datetime
    banned: datetime | None = None
    has_password: bool = False
    has_identity: bool = False  # a provider signs its owner in
    ban_reason: str = ""
    id: int = field(default=0, compare=False)


class Accounts:
    """All accounts of one database. A name is taken as it is typed, see ``names``."""

    def __init__(self, database: Database, passwords: Passwords, clock: Clock = wall_clock) -> None:
        self._database = database
        self._passwords = passwords
        self._clock = clock

    def any(self) -> bool:
        """Tells whether there is an account, also one that was deleted. If not, nobody has to sign in."""
        with self._database.reading() as session:
            return any_account(session)

    def list(self) -> Sequence[Account]:
        """Returns all accounts, by name."""
        with self._database.reading() as session:
            rows = session.scalars(select(AccountRow).where(AccountRow.deleted.is_(None)).order_by(AccountRow.name))
            identified = set(session.scalars(select(IdentityRow.account)))
            return [_seen(row, row.id in identified) for row in rows]

    def get(self, name: str) -> Account:
        """Returns one account.

        Raises:
            NotAName, NoSuchAccount: there is none.
        """
        with self._database.reading() as session:
            return _seen_in(session, row_of(session, name))

    def ids(self, names: Collection[str]) -> Mapping[str, int]:
        """Returns the number of each account of those names, also of one that was deleted. What nobody was called is left out."""
        with self._database.reading() as session:
            rows = session.execute(select(AccountRow.name, AccountRow.id).where(AccountRow.name.in_(names)))
            return {name: id for name, id in rows}

    def add(
        self, name: str, role: Role = Role.USER, password: str | None = None, *, banned: str | None = None, by: By = ON_HOST
    ) -> Account:
        """Makes an account. ``password`` None: nobody can sign in by one. ``banned``: why it is banned from the beginning.

        Raises:
            NotAName, BadPassword: it cannot be.
            AccountExists: there is one of that name, or there was.
            LastAdministrator: it would be the first account, and no administrator.
        """
        name = account_name(name)
        hashed = None if password is None else self._passwords.hash(password)
        row = AccountRow(name=name, role=role.value, password=hashed, made=self._clock())
        if banned is not None:
            row.banned, row.ban_reason = row.made, fitted(AccountRow, ban_reason=banned)["ban_reason"]
        try:
            with changing(self._database, by) as session:
                if (taken := session.scalar(select(AccountRow).where(AccountRow.name == name))) is not None:
                    raise AccountExists(name, deleted=taken.deleted is not None)
                session.add(row)
                session.flush()
                if not administrators(session):
                    raise LastAdministrator(
                        f"{name} would be the first account, and nobody could administer",
                        "make an administrator first: `homeostat user add NAME --role administrator`",
                    )
                note(session, self._clock(), by, Act("add", KIND, name, message=f"as {role}"))
                if banned is not None:
                    note(session, self._clock(), by, Act("ban", KIND, name, message=row.ban_reason))
                return _seen(row, False)
        except IntegrityError as error:
            raise AccountExists(name) from error

    def set_role(self, name: str, role: Role, *, by: By = ON_HOST) -> Account:
        """Gives an account another role. Whoever is signed in has it from then on.

        Raises:
            NotAName, NoSuchAccount: there is none.
            LastAdministrator: nobody would be left who may administer.
        """
        with changing(self._database, by) as session:
            row = row_of(session, name)
            before, row.role = row.role, role.value
            _keep_an_administrator(session, f"{row.name} is the only administrator, and cannot lose that role")
            note(session, self._clock(), by, Act("set role", KIND, row.name, message=f"{before} -> {role}"))
            return _seen_in(session, row)

    def ban(self, name: str, reason: str = "", *, keep_sessions: bool = False, by: By = ON_HOST) -> Account:
        """Lets an account in no more. Its sessions end; its tokens do not work until the ban is lifted. ``reason``: whoever it is
        learns it when he signs in. ``keep_sessions``: they do not work until then, either, but for leaving.

        Raises:
            NotAName, NoSuchAccount: there is none.
            LastAdministrator: nobody would be left who may administer.
        """
        with changing(self._database, by) as session:
            row = row_of(session, name)
            row.banned = row.banned or self._clock()
            row.ban_reason = fitted(AccountRow, ban_reason=reason)["ban_reason"]
            if not keep_sessions:
                end_sessions(session, row)
            _keep_an_administrator(session, f"{row.name} is the only administrator, and cannot be banned")
            note(session, self._clock(), by, Act("ban", KIND, row.name, message=row.ban_reason))
            return _seen_in(session, row)

    def unban(self, name: str, *, by: By = ON_HOST) -> Account:
        """Lets an account in again.

        Raises:
            NotAName, NoSuchAccount: there is none.
        """
        with changing(self._database, by) as session:
            row = row_of(session, name)
            row.banned, row.ban_reason = None, ""
            note(session, self._clock(), by, Act("unban", KIND, row.name))
            return _seen_in(session, row)

    def set_password(self, name: str, password: str, *, keep: str | None = None, by: By = ON_HOST) -> Account:
        """Gives an account another password. Its sessions end, except the one that ``keep`` names. Its tokens stay.

        Raises:
            NotAName, NoSuchAccount: there is none.
            BadPassword: that cannot be one.
        """
        hashed = self._passwords.hash(password)
        with changing(self._database, by) as session:
            row = row_of(session, name)
            row.password = hashed
            end_sessions(session, row, keep=keep)
            note(session, self._clock(), by, Act("set password", KIND, row.name))
            return _seen_in(session, row)

    def delete(self, name: str, *, by: By = ON_HOST) -> None:
        """Deletes an account, with its sessions, tokens, grants and quotas. What it owns still names it, so nobody gets its name.
        Its identities stay bound, so that nobody gets another account by them.

        Raises:
            NotAName, NoSuchAccount: there is none.
            LastAdministrator: nobody would be left who may administer.
        """
        with changing(self._database, by) as session:
            row = row_of(session, name)
            row.deleted, row.password, row.role, row.banned = self._clock(), None, Role.USER.value, None
            row.ban_reason = ""
            end_sessions(session, row)
            session.execute(delete(ApiTokenRow).where(ApiTokenRow.account == row.id))
            for table in (GrantRow, QuotaRow, ChargeRow):
                session.execute(delete(table).where(table.account == row.id))
            _keep_an_administrator(session, f"{row.name} is the only administrator, and cannot be deleted")
            note(session, self._clock(), by, Act("delete", KIND, row.name))

    def release(self, name: str) -> None:
        """Lets others have the name of an account that was deleted. It is for whoever has seen that nothing names it.

        Raises:
            NotAName: nobody was called that.
        """
        with self._database.changing() as session:
            gone = select(AccountRow).where(AccountRow.name == account_name(name), AccountRow.deleted.is_not(None))
            if (row := session.scalar(gone)) is not None:
                row.name = f"~{row.id}"  # which no account can be called


def any_account(session: Session) -> bool:
    """Tells whether there is an account, also one that was deleted."""
    return session.scalar(select(AccountRow.id).limit(1)) is not None


def row_of(session: Session, name: str) -> AccountRow:
    """Returns the row of an account.

    Raises:
        NotAName, NoSuchAccount: there is none.
    """
    name = account_name(name)
    row = session.scalar(select(AccountRow).where(AccountRow.name == name, AccountRow.deleted.is_(None)))
    if row is None:
        raise NoSuchAccount(name)
    return row


def end_sessions(session: Session, row: AccountRow, *, keep: str | None = None) -> None:
    """Ends the sessions of an account, except the one that ``keep`` names."""
    session.execute(delete(SessionRow).where(SessionRow.account == row.id, SessionRow.id != (keep or "")))


def administrators(session: Session) -> int:
    """Returns how many accounts may administer."""
    able = select(func.count()).where(
        AccountRow.role == Role.ADMINISTRATOR.value, AccountRow.deleted.is_(None), AccountRow.banned.is_(None)
    )
    return session.scalar(able) or 0


def _keep_an_administrator(session: Session, refusal: str) -> None:
    if not administrators(session):
        raise LastAdministrator(refusal)


def _seen_in(session: Session, row: AccountRow) -> Account:
    identity = select(IdentityRow.subject).where(IdentityRow.account == row.id).limit(1)
    return _seen(row, session.scalar(identity) is not None)


def _seen(row: AccountRow, identified: bool) -> Account:
    return Account(row.name, Role(row.role), row.made, row.banned, row.password is not None, identified, row.ban_reason, row.id)
