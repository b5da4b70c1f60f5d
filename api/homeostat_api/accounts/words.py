"""The words of accounts over REST."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from homeostat.accounts.accounts import Account
from homeostat.accounts.actor import Actor, How
from homeostat.accounts.audit.audit import AuditOutcome
from homeostat.accounts.charges.measures import DEFAULT, Measure, NewLimit, limit_from
from homeostat.accounts.grants import GivenGrant
from homeostat.accounts.rights import Grant, Right, Role
from homeostat.accounts.signing_in.api_tokens import ApiToken
from homeostat.accounts.signing_in.sessions import OpenSession, SignedIn

from ..http.words import Timestamp, Words

AccountName = Annotated[str, Field(description="Of an account; upper case is taken for lower case.", examples=["alice"])]
SecretText = Annotated[str, Field(json_schema_extra={"format": "password"})]


def _rights(given: Any) -> Any:
    try:
        return frozenset(map(Right, given)) if isinstance(given, list) else given
    except (ValueError, TypeError):
        raise ValueError(f"a right is one of {', '.join(Right)}") from None


def _role(given: Any) -> Any:
    try:
        return Role(given)
    except ValueError:
        raise ValueError(f"a role is one of {', '.join(Role)}") from None


Rights = Annotated[frozenset[Right], BeforeValidator(_rights)]
GivenRole = Annotated[Role, BeforeValidator(_role)]


class SignInWith(Words):
    name: AccountName
    password: SecretText
    cookie: bool = Field(default=False, description="For pages: the tokens come as cookies that no script reads.")


class RefreshWith(Words):
    refresh_token: SecretText | None = Field(default=None, description="Without it, the cookie's.")


class SessionTokens(Words):
    """What a session begins with, or goes on with."""

    name: str
    role: Role
    access_token: str | None = Field(description="For Authorization: Bearer TOKEN; null where it came as a cookie.")
    expires: Timestamp = Field(description="Of the access token.")
    refresh_token: str | None = Field(description="Good for one use; null where it came as a cookie.")
    refresh_expires: Timestamp
    csrf_token: str = Field(description="For X-CSRF-Token, beside the cookie.")


class GrantBody(Words):
    """Rights beyond what an account owns."""

    id: str
    account: str | None = Field(description="null: everybody who has an account.")
    rights: list[Right]
    namespace: str
    kind: str = Field(description="Empty: of every kind.")
    name: str = Field(description="Empty: all of the kind.")
    created: Timestamp


class NewGrant(Words):
    """What is left out widens it, so an empty text, such as comes of a variable that is not set, is not taken for that."""

    account: AccountName | None = Field(description="null: everybody who has an account.")
    rights: Rights = Field(description="Of see, change and copy.")
    namespace: str
    kind: str = Field(default="", description="Left out: of every kind.")
    name: str = Field(default="", description="Left out: all of the kind.")

    @field_validator("kind", "name")
    @classmethod
    def _says_what(cls, value: str) -> str:
        if not value:
            raise ValueError("is empty: leave it out to mean all")
        return value


class QuotaBody(Words):
    """Of one thing: what there is, and what there may be; memory and disk in bytes."""

    used: int
    limit: int | None = Field(description="null: there is no limit.")
    own: bool = Field(description="The limit is the account's own, and not that of its role.")


class AccountQuotaBody(Words):
    account: str
    role: Role
    quotas: dict[Measure, QuotaBody]


class QuotaAll(Words):
    quotas: list[AccountQuotaBody]


class RoleQuotaBody(Words):
    role: Role
    limits: dict[Measure, int | None] = Field(description="null: there is no limit.")


class RoleQuotaAll(Words):
    roles: list[RoleQuotaBody]


def _limit(value: object) -> object:
    """Refuses what is neither a number nor text, as one thing: pydantic would say it of each type that a limit may have."""
    whole = (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())
    if not (value is None or whole or isinstance(value, str)):
        raise ValueError('must be a whole number, text such as "unlimited", or null')
    return value


GivenLimit = Annotated[
    int | str | None,
    BeforeValidator(_limit),
    Field(description='A number, "unlimited", or null for what the role has.', examples=[10, "unlimited"]),
]
GivenSize = Annotated[
    int | str | None,
    BeforeValidator(_limit),
    Field(description='Bytes, a quantity such as 64Gi, "unlimited", or null for what the role has.', examples=["64Gi"]),
]


class NewQuota(Words):
    """Limits. What is left out stays."""

    machines: GivenLimit = None
    running: GivenLimit = Field(default=None, description="Machines that should be on.")
    vcpus: GivenLimit = None
    memory: GivenSize = None
    disk: GivenSize = None
    snapshots: GivenLimit = None
    uploads: GivenLimit = Field(default=None, description="Images that were uploaded, and uploads under way.")
    consoles: GivenLimit = Field(default=None, description="Consoles that are open at once.")


class WhoAmI(Words):
    """Who asks, as the server sees it."""

    name: str = Field(description="Of the account; empty where there is none.")
    role: Role
    how: How = Field(description="How he was recognised.")
    rights: list[Right] = Field(description="What he may ask for at all, be it of what he owns only.")
    everywhere: list[Right] = Field(description="What he may do to whatever there is.")
    session: str | None
    csrf_token: str | None = Field(description="For X-CSRF-Token, where he came by cookie.")


class MayAnswer(Words):
    allowed: bool


class AccountBody(Words):
    name: str
    role: Role
    created: Timestamp
    banned: Timestamp | None = Field(description="Since when; null: it is not.")
    ban_reason: str | None
    has_password: bool
    has_identity: bool = Field(description="An OpenID Connect provider signs its owner in.")


class AccountAll(Words):
    users: list[AccountBody]


class NewAccount(Words):
    name: AccountName
    role: GivenRole = Role.USER
    password: SecretText | None = Field(default=None, description="null: nobody can sign in by one.")


class AccountChange(Words):
    role: GivenRole | None = None
    banned: bool | None = None
    reason: str = Field(default="", max_length=500, description="Of a ban: whoever it is learns it when he signs in.")


class NewPassword(Words):
    password: SecretText
    current: SecretText | None = Field(default=None, description="The one until now: who changes his own has to know it.")


class SessionBody(Words):
    id: str
    account: str
    created: Timestamp
    refreshed: Timestamp
    expires: Timestamp
    address: str
    client: str = Field(description="What it calls itself.")


class SessionAll(Words):
    sessions: list[SessionBody]


class TokenBody(Words):
    id: str
    account: str
    name: str
    scopes: list[Right]
    created: Timestamp
    expires: Timestamp | None
    last_used: Timestamp | None = Field(description="To the minute.")


class TokenAll(Words):
    tokens: list[TokenBody]


class NewToken(Words):
    name: str
    account: AccountName | None = Field(default=None, description="Whose it is; null: of whoever asks.")
    scopes: Rights
    lifetime: int | None = Field(default=None, ge=1, le=10 * 365 * 86400, description="Seconds; null: until it is revoked.")


class MadeToken(TokenBody):
    token: str = Field(description="What lets somebody in. It is shown this once.")


class GrantAll(Words):
    grants: list[GrantBody]


class AuditBody(Words):
    id: int
    at: Timestamp
    how: str = Field(description="How whoever did it was recognised; or which way an edit came: folder, git, cli, cluster.")
    account: str | None
    token: str | None = Field(description="The name of the API token that was shown.")
    author: str | None = Field(description="Of an edit past the API, as git, the host or a cluster names him: no account.")
    from_: str | None = Field(alias="from", description="Where he was.")
    verb: str
    kind: str
    namespace: str | None
    name: str | None
    outcome: AuditOutcome
    message: str | None
    count: int = Field(description="How many equal refusals within a minute this stands for.")
    last: Timestamp = Field(description="When the last one of these was.")


class AuditPage(Words):
    entries: list[AuditBody] = Field(description="The newest first.")
    before: int | None = Field(description="For ?before=, to read on; null: these are the oldest.")


def session_tokens(signed_in: SignedIn, csrf: str, by_cookie: bool) -> dict[str, Any]:
    return {
        "name": signed_in.name,
        "role": signed_in.role,
        "access_token": None if by_cookie else signed_in.access,
        "expires": stamp(signed_in.expires),
        "refresh_token": None if by_cookie else signed_in.refresh,
        "refresh_expires": stamp(signed_in.refresh_expires),
        "csrf_token": csrf,
    }


def whoami(actor: Actor, csrf: str | None) -> dict[str, Any]:
    return {
        "name": actor.name,
        "role": actor.role,
        "how": actor.how,
        "rights": sorted(actor.rights),
        "everywhere": sorted(right for right in Right if actor.everywhere(right)),
        "session": actor.session or None,
        "csrf_token": csrf,
    }


def account_body(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "role": account.role,
        "created": stamp(account.made),
        "banned": stamp(account.banned),
        "ban_reason": account.ban_reason or None,
        "has_password": account.has_password,
        "has_identity": account.has_identity,
    }


def session_body(session: OpenSession) -> dict[str, Any]:
    return {
        "id": session.id,
        "account": session.account,
        "created": stamp(session.made),
        "refreshed": stamp(session.refreshed),
        "expires": stamp(session.expires),
        "address": session.address,
        "client": session.client,
    }


def token_body(token: ApiToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "account": token.account,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "created": stamp(token.made),
        "expires": stamp(token.expires),
        "last_used": stamp(token.last_used),
    }


def grant_body(given: GivenGrant) -> dict[str, Any]:
    grant = given.grant
    return {
        "id": given.id,
        "account": given.account,
        "rights": sorted(grant.rights),
        "namespace": grant.namespace,
        "kind": grant.kind,
        "name": grant.name,
        "created": stamp(given.made),
    }


def grant_of(asked: NewGrant) -> Grant:
    return Grant(asked.rights, asked.namespace, asked.kind, asked.name)


def stamp(moment: datetime | None) -> str | None:
    """Returns a moment as RFC 3339 has it."""
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def limits_in(asked: NewQuota) -> dict[Measure, NewLimit]:
    """Returns the limits that somebody gives.

    Raises:
        NotAQuota: one of them is none.
    """
    given = {Measure(name): getattr(asked, name) for name in asked.model_fields_set}
    return {measure: DEFAULT if limit is None else limit_from(measure, str(limit)) for measure, limit in given.items()}
