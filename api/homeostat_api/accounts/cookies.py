"""Sessions of browsers: the tokens in cookies that no script reads, and the proof that a page of ours asks.

A browser sends cookies whoever makes it ask. So what changes something, or opens a WebSocket, must come from a page of the same
origin, which browsers say by themselves; or carry the CSRF token, which only whoever was answered by us can know.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

import falcon.asgi

from homeostat.accounts.signing_in.sessions import SignedIn

from ..http.errors import Problem
from ..http.requests.origin import scheme_of

ACCESS = "homeostat_session"
REFRESH = "homeostat_refresh"
REFRESH_PATH = "/api/v1/session"  # nowhere else is it sent
CSRF = "X-CSRF-Token"


def access_of(req: falcon.asgi.Request) -> str | None:
    return cookie_of(req, ACCESS)


def refresh_of(req: falcon.asgi.Request) -> str | None:
    return cookie_of(req, REFRESH)


def cookie_of(req: falcon.asgi.Request, name: str) -> str | None:
    """Returns a cookie of that name; of several, the one whose path is the longest, which browsers send first."""
    found = req.get_cookie_values(name) or [""]
    return found[0] or None


def set_cookies(req: falcon.asgi.Request, resp: falcon.asgi.Response, signed_in: SignedIn) -> None:
    """Gives a session to the browser that asks."""
    secure = scheme_of(req) == "https"
    _set(resp, ACCESS, signed_in.access, signed_in.expires, "/", secure)
    _set(resp, REFRESH, signed_in.refresh, signed_in.refresh_expires, REFRESH_PATH, secure)


def _set(resp: falcon.asgi.Response, name: str, value: str, expires: datetime, path: str, secure: bool) -> None:
    resp.set_cookie(name, value, expires=expires, path=path, secure=secure, http_only=True, same_site="Strict")


def unset_cookies(resp: falcon.asgi.Response) -> None:
    """Takes a session away from the browser that asks."""
    resp.unset_cookie(ACCESS, path="/", same_site="Strict")
    resp.unset_cookie(REFRESH, path=REFRESH_PATH, same_site="Strict")


def csrf_of(access: str) -> str:
    """Returns the CSRF token that belongs to an access token."""
    return hashlib.sha256(b"homeostat csrf " + access.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def check_same_origin(req: falcon.asgi.Request, access: str | None = None) -> None:
    """Checks that a page of this server asks, or who knows the CSRF token of the access token.

    Raises:
        Problem: 403, nothing shows that.
    """
    given = req.get_header(CSRF)
    if access is not None and given is not None and hmac.compare_digest(given.encode(), csrf_of(access).encode()):
        return
    site, origin = req.get_header("Sec-Fetch-Site"), req.get_header("Origin")
    if origin is not None:
        if origin == f"{scheme_of(req)}://{req.get_header('Host')}" and site in (None, "same-origin"):
            return
    elif site == "same-origin":
        return
    raise Problem(
        403,
        "csrf",
        f"With a cookie only pages of this server may ask for this: send {CSRF}, which GET /api/v1/session tells, or the access "
        "token as Authorization: Bearer TOKEN",
        {"origin": (origin or "")[:256]},
    )
