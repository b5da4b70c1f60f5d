"""The one gate: everybody who asks, by request or by WebSocket, is admitted here or nowhere.

It asks two questions, in this order. Who asks? (Before the path is read, so that nobody learns which paths there are.) May he do
what the responder declares (``rights``)? A responder that declares nothing is refused.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

import falcon.asgi

from homeostat.accounts.actor import NOBODY, Actor, How
from homeostat.accounts.rights import Role

from .config import ApiConfig, is_loopback
from .http.actor import who
from .http.errors import Problem
from .http.media import BODY_LIMIT, bounded, discard, too_large
from .http.rights import Right, needed, responder_name

log = logging.getLogger("homeostat.api")

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
"""Answered to everybody who can reach the server: they say nothing about machines."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
WEBSOCKET = "WEBSOCKET"  # Falcon's word for it, among the methods
_LOCAL = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:(?P<port>[0-9]{1,5}))?", re.IGNORECASE)


class Gate:
    """Authenticates by the token where there is one. Without a token it admits only this host's own pages and programs."""

    def __init__(self, config: ApiConfig, key_header: str) -> None:
        """Takes ``key_header``: the header in which the contract's clients may send the token, too."""
        self._config = config
        self._key_header = key_header
        self._local_only = config.token is None and is_loopback(config.host)

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        req.context.actor = self.admit(req, req.method)

    async def process_request_ws(self, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket) -> None:
        req.context.actor = self.admit(req, WEBSOCKET)

    async def process_resource(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: object, params: Mapping[str, Any]
    ) -> None:
        self._authorize(req, resource, req.method)
        if (req.content_length or 0) > BODY_LIMIT and bounded(resource, req.method):
            raise too_large()

    async def process_resource_ws(
        self, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket, resource: object, params: Mapping[str, Any]
    ) -> None:
        self._authorize(req, resource, WEBSOCKET)

    async def process_response(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: Any, succeeded: bool
    ) -> None:
        if not succeeded and req.method not in SAFE_METHODS:
            await discard(req)

    def admit(self, req: falcon.asgi.Request, method: str) -> Actor:
        """Returns who asks.

        Raises:
            Problem: 401, 403: nobody whom we serve.
        """
        if self._local_only:
            self._check_host(req)
            # Browsers keep pages from reading what others answer, but not from opening WebSockets to them.
            if method not in SAFE_METHODS:
                self._check_origin(req)
            return Actor("local", Role.ADMINISTRATOR, rights=self._config.rights)
        if self._carries_the_token(req):
            how: How = "unknown" if self._config.token is None else "token"
            return Actor(how, Role.ADMINISTRATOR, rights=self._config.rights)
        if (req.path in OPEN_PATHS and method != WEBSOCKET) or self._asks_for_a_page(req):
            return NOBODY
        raise Problem(
            401,
            "unauthorized",
            "Send the API's token: Authorization: Bearer TOKEN",
            headers={"WWW-Authenticate": 'Bearer realm="homeostat"'},
        )

    def _carries_the_token(self, req: falcon.asgi.Request) -> bool:
        return self._config.admits(req.get_header("Authorization"), req.get_header(self._key_header))

    def _asks_for_a_page(self, req: falcon.asgi.Request) -> bool:
        """Tells whether a browser asks, before it sends a page's request and the token, whether that page may."""
        asks = req.method == "OPTIONS" and req.get_header("Access-Control-Request-Method") is not None
        return asks and req.get_header("Origin") in self._config.origins

    def _authorize(self, req: falcon.asgi.Request, resource: object, method: str) -> None:
        """Checks the right.

        Raises:
            Problem: 403, who asks has not the right.
        """
        actor = who(req)
        if not hasattr(resource, responder_name(method)) or (method in SAFE_METHODS and req.uri_template in OPEN_PATHS):
            return  # Falcon answers the first: 405, or the answer to OPTIONS
        right = needed(resource, method)
        if right is None:
            log.error("%s of %s declares no right, and is refused to everybody", method, req.uri_template)
        if right is None or not actor.may(right):
            what = f"the right to {right}" if right is not None else "a right that nobody has"
            raise Problem(403, "forbidden", f"This needs {what}", {"right": right})
        if right is Right.COPY and self._local_only and req.get_header("Sec-Fetch-Site") in ("cross-site", "same-site"):
            raise Problem(403, "origin_refused", "Pages of other origins must not have disks copied")  # by <img>, say

    def _check_host(self, req: falcon.asgi.Request) -> None:
        """Checks the Host header: a page whose name an attacker points at 127.0.0.1 (DNS rebinding) sends that name here."""
        host = req.get_header("Host") or ""
        if not _is_local(host):
            raise Problem(
                403,
                "host_refused",
                "This API serves its own host only, as localhost, 127.0.0.1 or [::1]",
                {"host": host[:256]},
            )

    def _check_origin(self, req: falcon.asgi.Request) -> None:
        """Checks the Origin header: browsers name the page that wants to write; programs name none."""
        origin = req.get_header("Origin")
        scheme = {"ws": "http", "wss": "https"}.get(req.scheme, req.scheme)
        if origin is not None and origin != f"{scheme}://{req.get_header('Host')}":
            raise Problem(
                403,
                "origin_refused",
                "Pages of other origins must not change machines",
                {"origin": origin[:256]},
            )


def _is_local(host: str) -> bool:
    """Tells whether a Host header is a local name, alone or with a port, and nothing else. Parsers of URLs accept more than
    that."""
    found = _LOCAL.fullmatch(host)
    return found is not None and (found["port"] is None or 1 <= int(found["port"]) <= 65535)
