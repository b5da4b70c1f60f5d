"""Every path of accounts, and the resource that answers it."""

from __future__ import annotations

from collections.abc import Callable

from homeostat.accounts.signing_in.oidc.settings import CALLBACK, OidcSettings

from ..http.routes import V1, Route
from .audit import AuditEntries
from .grants import GrantCollection, GrantItem
from .lookup import AccountsLookup
from .oidc import Oidc, OidcBegin, OidcCallback
from .quotas import QuotaCollection, RoleQuota, RoleQuotas, UserQuota
from .session import SessionEnd, SessionItem, SessionList, SessionRefresh, WhoAmIItem
from .tokens import TokenCollection, TokenItem
from .users import UserCollection, UserItem, UserPassword


def account_routes(lookup: AccountsLookup, provider: OidcSettings | None, stopping: Callable[[], bool]) -> list[Route]:
    """Returns all routes. ``provider``: the one that signs people in, too. ``stopping`` tells whether the server is shutting
    down."""
    oidc = Oidc(lookup, provider)
    return [
        Route(f"{V1}/session", SessionItem(lookup)),
        Route(f"{V1}/session/refresh", SessionRefresh(lookup)),
        Route(f"{V1}/session/oidc", OidcBegin(oidc)),
        Route(CALLBACK, OidcCallback(oidc)),
        Route(f"{V1}/sessions", SessionList(lookup)),
        Route(f"{V1}/sessions/{{session}}", SessionEnd(lookup)),
        Route(f"{V1}/whoami", WhoAmIItem()),
        Route(f"{V1}/users", UserCollection(lookup)),
        Route(f"{V1}/users/{{user}}", UserItem(lookup)),
        Route(f"{V1}/users/{{user}}/password", UserPassword(lookup)),
        Route(f"{V1}/tokens", TokenCollection(lookup)),
        Route(f"{V1}/users/{{user}}/tokens/{{token}}", TokenItem(lookup)),
        Route(f"{V1}/grants", GrantCollection(lookup)),
        Route(f"{V1}/grants/{{grant}}", GrantItem(lookup)),
        Route(f"{V1}/quotas", QuotaCollection(lookup)),
        Route(f"{V1}/quotas/roles", RoleQuotas(lookup)),
        Route(f"{V1}/quotas/roles/{{role}}", RoleQuota(lookup)),
        Route(f"{V1}/users/{{user}}/quota", UserQuota(lookup)),
        Route(f"{V1}/audit", AuditEntries(lookup, stopping)),
    ]
