"""The tables of the accounts database. A change here needs a migration beside (``migrations/versions``)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, MetaData, String, Text, TypeDecorator, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_UNFIT = re.compile(r"[\x00\ud800-\udfff]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = timedelta(milliseconds=1)


class Milliseconds(TypeDecorator[datetime]):
    """A moment, as milliseconds since 1970. Every database compares these alike, whatever it thinks of time zones."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // _STEP

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + int(value) * _STEP


class StorableText(TypeDecorator[str]):
    """A text, also one that is only looked for. What not every database takes, NUL and half surrogates, stands there as U+FFFD,
    and so is found nowhere that it was not written."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _UNFIT.sub("\ufffd", value)


class AccountsTable(DeclarativeBase):
    """The base of all tables. Each constraint has a name, by which a migration can find it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Milliseconds}  # noqa: RUF012 - so SQLAlchemy wants it


class AccountRow(AccountsTable):
    """An account. The row of one that was deleted stays, emptied, so that nobody else gets its name."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(StorableText(63), unique=True)
    role: Mapped[str] = mapped_column(StorableText(16))
    password: Mapped[str | None] = mapped_column(Text)  # its hash; None: nobody can sign in by one
    made: Mapped[datetime]
    banned: Mapped[datetime | None]
    ban_reason: Mapped[str] = mapped_column(StorableText(500), default="")
    deleted: Mapped[datetime | None]


class IdentityRow(AccountsTable):
    """Whom an OpenID Connect provider knows, and whose account that is. It stays when the account is deleted, so that its person
    gets no other one by signing in again."""

    __tablename__ = "identities"

    issuer: Mapped[str] = mapped_column(StorableText(255), primary_key=True)
    subject: Mapped[str] = mapped_column(StorableText(255), primary_key=True)
    account: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    made: Mapped[datetime]
    last_used: Mapped[datetime | None]


class SessionRow(AccountsTable):
    """A signed-in browser or program. Its row goes when it ends."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(StorableText(32), primary_key=True)
    account: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    made: Mapped[datetime]
    refreshed: Mapped[datetime]
    expires: Mapped[datetime] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(StorableText(64))
    client: Mapped[str] = mapped_column(StorableText(200))  # what it calls itself


class RefreshRow(AccountsTable):
    """A refresh token, by its hash. All of one session are a family: the used ones stay as long as the session, so that a second
    use is noticed."""

    __tablename__ = "refresh_tokens"

    hash: Mapped[str] = mapped_column(StorableText(64), primary_key=True)
    session: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    used: Mapped[datetime | None]


class ApiTokenRow(AccountsTable):
    """A token of an account for programs, by its hash."""

    __tablename__ = "api_tokens"

    id: Mapped[str] = mapped_column(StorableText(16), primary_key=True)
    account: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    hash: Mapped[str] = mapped_column(StorableText(64), unique=True)
    name: Mapped[str] = mapped_column(StorableText(63))
    scopes: Mapped[str] = mapped_column(StorableText(100))  # rights, with spaces between them
    made: Mapped[datetime]
    expires: Mapped[datetime | None]
    last_used: Mapped[datetime | None]


class SigningKeyRow(AccountsTable):
    """A key that access tokens are signed with. The newest signs; older ones verify until they go."""

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(StorableText(32), primary_key=True)
    secret: Mapped[str] = mapped_column(StorableText(64))
    made: Mapped[datetime]


class GrantRow(AccountsTable):
    """Rights that an account was given beyond what it owns."""

    __tablename__ = "grants"

    id: Mapped[str] = mapped_column(StorableText(16), primary_key=True)
    account: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)  # None: everybody
    rights: Mapped[str] = mapped_column(StorableText(100))
    namespace: Mapped[str] = mapped_column(StorableText(63))
    kind: Mapped[str] = mapped_column(StorableText(63))
    name: Mapped[str] = mapped_column(StorableText(253))
    made: Mapped[datetime]


class FailureRow(AccountsTable):
    """How often signing in failed of late, for an account's name or an address."""

    __tablename__ = "sign_in_failures"

    about: Mapped[str] = mapped_column(StorableText(100), primary_key=True)
    count: Mapped[int]
    last: Mapped[datetime] = mapped_column(index=True)


class AuditRow(AccountsTable):
    """An entry of the audit. It names accounts and resources by their names, which outlive them."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_account_at", "account", "at"),
        Index("ix_audit_outcome_id", "outcome", "id"),
        {"sqlite_autoincrement": True},  # no id is given twice
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    how: Mapped[str] = mapped_column(StorableText(16))
    account: Mapped[str] = mapped_column(StorableText(63))
    author: Mapped[str] = mapped_column(StorableText(253), server_default="")  # of an edit past the API: a text, no account
    token: Mapped[str] = mapped_column(StorableText(63), server_default="")  # the name of the API token that was shown
    address: Mapped[str] = mapped_column(StorableText(64))
    verb: Mapped[str] = mapped_column(StorableText(63))
    kind: Mapped[str] = mapped_column(StorableText(63))
    namespace: Mapped[str] = mapped_column(StorableText(63))
    name: Mapped[str] = mapped_column(StorableText(253))
    outcome: Mapped[str] = mapped_column(StorableText(16))
    message: Mapped[str] = mapped_column(Text)
    count: Mapped[int] = mapped_column(default=1, server_default="1")  # of equal refusals within a minute
    last: Mapped[datetime | None]  # when it was refused last, if more than once


class DeedRow(AccountsTable):
    """Something that has begun. It goes when its entry comes into the audit."""

    __tablename__ = "deeds"

    id: Mapped[str] = mapped_column(StorableText(16), primary_key=True)
    at: Mapped[datetime]
    server: Mapped[str] = mapped_column(StorableText(64))  # the process that does it
    how: Mapped[str] = mapped_column(StorableText(16))
    account: Mapped[str] = mapped_column(StorableText(63))
    token: Mapped[str] = mapped_column(StorableText(63), server_default="")
    address: Mapped[str] = mapped_column(StorableText(64))
    verb: Mapped[str] = mapped_column(StorableText(63))
    kind: Mapped[str] = mapped_column(StorableText(63))
    namespace: Mapped[str] = mapped_column(StorableText(63))
    name: Mapped[str] = mapped_column(StorableText(253))


class EditPositionRow(AccountsTable):
    """How far the edits of one source are in the audit: of the index of a folder, or of one object of a cluster."""

    __tablename__ = "edit_positions"

    source: Mapped[str] = mapped_column(StorableText(64), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]


class QuotaRow(AccountsTable):
    """A limit of a role, or one of an account's own. ``amount`` None: there is none."""

    __tablename__ = "quotas"
    __table_args__ = (UniqueConstraint("account", "role", "measure", name="uq_quotas_account"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(StorableText(16))  # empty: it is an account's
    measure: Mapped[str] = mapped_column(StorableText(16))
    amount: Mapped[int | None] = mapped_column(BigInteger)


class ChargeRow(AccountsTable):
    """What an account is charged for a resource. Its columns are what ``quotas`` measures."""

    __tablename__ = "charges"

    kind: Mapped[str] = mapped_column(StorableText(63), primary_key=True)
    namespace: Mapped[str] = mapped_column(StorableText(63), primary_key=True)
    name: Mapped[str] = mapped_column(StorableText(253), primary_key=True)
    account: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    machines: Mapped[int] = mapped_column(BigInteger)
    running: Mapped[int] = mapped_column(BigInteger)
    vcpus: Mapped[int] = mapped_column(BigInteger)
    memory: Mapped[int] = mapped_column(BigInteger)
    disk: Mapped[int] = mapped_column(BigInteger)
    snapshots: Mapped[int] = mapped_column(BigInteger)
    uploads: Mapped[int] = mapped_column(BigInteger)
    consoles: Mapped[int] = mapped_column(BigInteger)
    claim: Mapped[str] = mapped_column(StorableText(16))  # which change of it charged that; empty: it was counted
    at: Mapped[datetime]


class ConsoleTicketRow(AccountsTable):
    """A ticket that opens a console, by its hash. Its row goes when it is used."""

    __tablename__ = "console_tickets"

    hash: Mapped[str] = mapped_column(StorableText(64), primary_key=True)
    expires: Mapped[datetime] = mapped_column(index=True)
    how: Mapped[str] = mapped_column(StorableText(16))
    account: Mapped[str] = mapped_column(StorableText(63))
    session: Mapped[str] = mapped_column(StorableText(32))  # that its bearer signed in to
    token: Mapped[str] = mapped_column(StorableText(63))  # the name of the API token that he showed
    address: Mapped[str] = mapped_column(StorableText(64))
    namespace: Mapped[str] = mapped_column(StorableText(63))
    machine: Mapped[str] = mapped_column(StorableText(253))
    uid: Mapped[str] = mapped_column(StorableText(64))  # of the machine: another one may get its name
    kind: Mapped[str] = mapped_column(StorableText(16))
    mode: Mapped[str] = mapped_column(StorableText(16))


class ConsoleRow(AccountsTable):
    """A console that somebody has open. Its row goes when he leaves; one whose server is dead is seen no more."""

    __tablename__ = "consoles"
    __table_args__ = (Index("ix_consoles_machine", "namespace", "machine"),)

    id: Mapped[str] = mapped_column(StorableText(16), primary_key=True)
    server: Mapped[str] = mapped_column(StorableText(16), index=True)  # the process that serves it
    how: Mapped[str] = mapped_column(StorableText(16))
    account: Mapped[str] = mapped_column(StorableText(63), index=True)
    address: Mapped[str] = mapped_column(StorableText(64))
    namespace: Mapped[str] = mapped_column(StorableText(63))
    machine: Mapped[str] = mapped_column(StorableText(253))
    uid: Mapped[str] = mapped_column(StorableText(64))
    kind: Mapped[str] = mapped_column(StorableText(16))
    mode: Mapped[str] = mapped_column(StorableText(16))
    controls: Mapped[bool]  # of those at one machine's screen one has the keyboard
    taken: Mapped[int] = mapped_column(server_default="0")  # how often it took control
    since: Mapped[datetime]
    seen: Mapped[datetime] = mapped_column(index=True)  # when its server said so last
    ended: Mapped[str] = mapped_column(Text)  # why it is to end; empty: it is not


class NumberRow(AccountsTable):
    """A number that was given to a thing. It stays when that goes, so that nothing else gets it."""

    __tablename__ = "numbers"
    __table_args__ = (UniqueConstraint("book", "thing", name="uq_numbers_book"),)

    book: Mapped[str] = mapped_column(StorableText(63), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    thing: Mapped[str] = mapped_column(StorableText(253))


class SettingRow(AccountsTable):
    """What an administrator has set over the API."""

    __tablename__ = "settings"

    name: Mapped[str] = mapped_column(StorableText(120), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class GenerationRow(AccountsTable):
    """One row, whose number every change of what somebody may do moves. Who remembers such things forgets them then."""

    __tablename__ = "generation"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
