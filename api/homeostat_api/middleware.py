"""What holds for every request: who may ask, from where, how much, and what is counted."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

import falcon.asgi

from .config import BODY_LIMIT, ApiConfig, is_loopback
from .errors import Problem
from .media import discard, too_large
from .metrics import Metrics
from .operations import LAST_LOOK
from .operator_link import Link

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
KNOWN_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


class Guard:
    """Authentication where there is a token; where there is none, only this host's own pages and programs."""

    def __init__(self, config: ApiConfig) -> None:
        self._config = config
        self._local_only = config.token is None and is_loopback(config.host)

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        if self._local_only:
            self._check_host(req)
            if req.method not in SAFE_METHODS:
                self._check_origin(req)
        elif req.path not in OPEN_PATHS and not self._config.admits(req.get_header("Authorization")):
            raise Problem(
                401,
                "unauthorized",
                "Send the API's token: Authorization: Bearer TOKEN",
                headers={"WWW-Authenticate": 'Bearer realm="homeostat"'},
            )
        if (req.content_length or 0) > BODY_LIMIT:
            raise too_large()

    async def process_response(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: Any, succeeded: bool
    ) -> None:
        if not succeeded and req.method not in SAFE_METHODS:
            await discard(req)

    def _check_host(self, req: falcon.asgi.Request) -> None:
        """A page whose name an attacker points at 127.0.0.1 (DNS rebinding) sends that name here."""
        host = req.get_header("Host") or ""
        if _hostname(f"//{host}") not in LOCAL_NAMES:
            raise Problem(
                403,
                "host_refused",
                "This API serves its own host only, as localhost, 127.0.0.1 or [::1]",
                {"host": host[:256]},
            )

    def _check_origin(self, req: falcon.asgi.Request) -> None:
        """Browsers name the page that wants to write; programs name none."""
        origin = req.get_header("Origin")
        if origin is not None and origin != f"{req.scheme}://{req.get_header('Host')}":
            raise Problem(
                403,
                "origin_refused",
                "Pages of other origins must not change machines",
                {"origin": origin[:256]},
            )


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


class HeadAsGet:
    """Answers HEAD wherever GET is answered; Falcon leaves the body out."""

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        if req.method == "HEAD":
            req.context.head = True
            req.method = "GET"

    async def process_response(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: Any, succeeded: bool
    ) -> None:
        if getattr(req.context, "head", False):
            req.method = "HEAD"


class TellAge:
    """Where nobody looks after what is answered, the answer says since when."""

    def __init__(self, operator: Link) -> None:
        self._operator = operator

    async def process_response(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: Any, succeeded: bool
    ) -> None:
        if succeeded and req.method in SAFE_METHODS and req.path.startswith("/api/") and (last := self._operator.last_look()):
            resp.set_header(LAST_LOOK, last)


class Observe:
    """Counts and times requests, and adds what browsers should hear with every answer."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        req.context.started = time.perf_counter()

    async def process_response(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: Any, succeeded: bool
    ) -> None:
        resp.set_header("X-Content-Type-Options", "nosniff")
        resp.set_header("Referrer-Policy", "no-referrer")
        resp.set_header("X-Frame-Options", "DENY")
        method = req.method if req.method in KNOWN_METHODS else "other"
        seconds = time.perf_counter() - req.context.started
        self._metrics.observe(method, req.uri_template or "unknown", resp.status_code, seconds)
