"""People: how they show who they are, what their tokens tell pages, and the cookies that their browsers keep."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from typing import Any

import falcon.asgi

from homeostat.accounts.database.secret_texts import CONSOLE_TICKET
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.access_tokens import LIFETIME
from homeostat.accounts.signing_in.sessions import SignedIn
from homeostat_api.http.contract import Entrance
from homeostat_api.http.requests.origin import is_of_a_page_of, scheme_of

from .errors import forbidden

REFRESH = "refresh_token"
CSRF = "csrf_token"
KEPT = 604_800  # seconds for which a browser keeps both
ROLES: Mapping[Role, str] = {Role.USER: "user", Role.MODERATOR: "moderator", Role.ADMINISTRATOR: "admin"}
SCREENS = ("/vnc", "/ws/vnc")
"""Where the paths of screens begin."""
ADVICE = "Unauthorized: sign in (POST /api/auth/login), and send the token: Authorization: Bearer TOKEN"
OPEN = frozenset({"/api/health", "/api/health_proxy", "/api/auth/session", "/vnc", "/ws/vnc", "/swagger.yaml"})
SIGN_IN = frozenset(
    {
        ("POST", "/api/auth/login"),
        ("POST", "/api/auth/register"),
        ("POST", "/api/auth/session"),
        ("DELETE", "/api/auth/session"),
        ("POST", "/api/auth/refresh"),
    }
)


def bearer_of(req: falcon.asgi.Request) -> str | None:
    """Returns the token of the Authorization header."""
    scheme, _, given = (req.get_header("Authorization") or "").partition(" ")
    return (given.strip() or None) if scheme.lower() == "bearer" else None


def refresh_of(req: falcon.asgi.Request) -> str | None:
    """Returns the refresh token that a browser sends by itself."""
    return (req.get_cookie_values(REFRESH) or [""])[0] or None


def _in_query(req: falcon.asgi.Request) -> str | None:
    return req.get_param("token") or None


def _in_query_of_a_screen(req: falcon.asgi.Request) -> str | None:
    return _in_query(req) if req.path.startswith(SCREENS) else None


def _ticket(req: falcon.asgi.Request) -> str | None:
    shown = req.get_param("ticket") or ""
    return shown if shown.startswith(CONSOLE_TICKET) else None


ENTRANCE = Entrance(
    ADVICE,
    for_everybody=OPEN,
    for_everybody_below=("/vnc/",),
    sign_in=SIGN_IN,
    first=_in_query_of_a_screen,
    refresh=refresh_of,
    shown=_in_query,
    ticket=_ticket,
    always=True,
)


def told(role: Role) -> Mapping[str, Any]:
    """Returns what an access token tells the page that has it."""
    return {"role": ROLES[role], "approved": True}


def tokens(signed_in: SignedIn) -> dict[str, Any]:
    """Returns what somebody is given who has signed in."""
    return {
        "access_token": signed_in.access,
        "refresh_token": signed_in.refresh,
        "expires_in": int(LIFETIME.total_seconds()),
        "token_type": "Bearer",
    }


class LimenCookies:
    """``origins``: of the pages that may have cookies beside our own."""

    def __init__(self, origins: Collection[str]) -> None:
        self._origins = origins

    def check_page(self, req: falcon.asgi.Request) -> None:
        """Checks which page has a browser ask.

        Raises:
            Problem: 403, one of an origin that is not allowed.
        """
        if not is_of_a_page_of(req, self._origins):
            raise forbidden("pages of this origin may not sign in here: [contracts.limen] allowed-origins names those that may")

    def give(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, refresh: str) -> None:
        """Gives both to the browser that asks, where the page may have that."""
        resp.set_header("Cache-Control", "no-store")
        if is_of_a_page_of(req, self._origins):
            secure = scheme_of(req) == "https"
            _set(resp, REFRESH, refresh, secure, True)
            _set(resp, CSRF, secrets.token_urlsafe(32), secure, False)

    def take(self, resp: falcon.asgi.Response) -> None:
        """Takes both from the browser that asks."""
        for name in (REFRESH, CSRF):
            resp.unset_cookie(name, path="/", same_site="Lax")


def _set(resp: falcon.asgi.Response, name: str, value: str, secure: bool, http_only: bool) -> None:
    resp.set_cookie(name, value, max_age=KEPT, path="/", secure=secure, http_only=http_only, same_site="Lax")
