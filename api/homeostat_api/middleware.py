"""What holds for every answer: what is counted, and what every answer carries. The gate decides who may ask at all."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any

import falcon
import falcon.asgi

from homeostat.models.suggest import nearest

from .gate import SAFE_METHODS
from .http.admitted import check_admitted
from .http.errors import invalid
from .http.media import BODY_LIMIT, bounded
from .http.operations import ATTRIBUTE, LAST_LOOK, Operation
from .http.requests.request_id import REQUEST_ID, request_id
from .http.requests.spec_changes import DRY_RUN
from .http.rights import responder_name
from .metrics import Metrics
from .operator_link import Link

EXPOSED = ("ETag", "Link", "Location", "Retry-After", "Upload-Offset", "Warning", LAST_LOOK, REQUEST_ID)
"""Headers of ours that a page of another origin may read."""
KNOWN_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


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


class HeedNames:
    """Refuses a deletion whose path ends in a slash: the name behind it is that of a client whose variable is empty, and what
    stands before is more than was meant, such as the machine whose disk was. What else a slash ends is what it is without."""

    async def process_resource(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: object, params: Mapping[str, Any]
    ) -> None:
        if req.method == "DELETE" and _declared(req, resource) is not None and req.scope["path"].endswith("/"):
            raise invalid(
                "a name is missing after the last / of the path, and nothing was deleted: "
                f"DELETE {req.path[:256]} deletes what stands before it"
            )


class HeedParameters:
    """Refuses a change with a parameter that the route does not know, such as a dry run where there is none, or ``dryrun``: it
    would be carried out; and one that is given twice. What only reads passes over it, as programs expect that add one of their
    own."""

    async def process_resource(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: object, params: Mapping[str, Any]
    ) -> None:
        declared = _declared(req, resource)
        if declared is None:
            return
        known = tuple(each.name for each in declared.parameters if each.place == "query")
        for name, value in req.params.items():
            if isinstance(value, list):
                said = f"{name[:64]}: it is given {len(value)} times, and nothing was done: give it once"
                raise invalid(said, parameter=name[:64])
            if name in known or (name, value) == (DRY_RUN.name, "false"):
                continue
            what = "dry run" if name == DRY_RUN.name else "such parameter"
            said = f"{req.method} here knows no {what}, and nothing was done{nearest(name, known)}"
            raise invalid(f"{name[:64]}: {said}", parameter=name[:64])


class HeedBodies:
    """Refuses a change with a body where the route takes none, such as ``{"force": true}``, which would not be heeded. An empty
    one, ``{}`` and ``null`` say nothing, and many programs send them."""

    async def process_resource(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: object, params: Mapping[str, Any]
    ) -> None:
        declared = _declared(req, resource)
        if declared is None or declared.body is not None or declared.form is not None or not bounded(resource, req.method):
            return
        body = await req.stream.read(BODY_LIMIT + 1)
        await check_admitted(req)
        if body.strip() not in (b"", b"{}", b"null"):
            parameters = tuple(each.name for each in declared.parameters if each.place == "query")
            instead = f"; what there is to say goes into the URL (?{'=, ?'.join(parameters)}=)" if parameters else ""
            raise invalid(f"{req.method} here takes no body, and nothing was done{instead}")


def _declared(req: falcon.asgi.Request, resource: object) -> Operation | None:
    """Returns what the route declares of a change. None: it is none, or declares nothing."""
    if req.method in SAFE_METHODS:
        return None
    declared = getattr(getattr(resource, responder_name(req.method), None), ATTRIBUTE, None)
    return declared if isinstance(declared, Operation) else None


class TellAge:
    """Adds to an answer since when it may be out of date, where nobody keeps it current."""

    def __init__(self, operator: Link) -> None:
        self._operator = operator

    async def process_response(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: Any, succeeded: bool
    ) -> None:
        if succeeded and req.method in SAFE_METHODS and req.path.startswith("/api/") and (last := self._operator.last_look()):
            resp.set_header(LAST_LOOK, last)


class AnswerPages(falcon.CORSMiddleware[falcon.asgi.Request, falcon.asgi.Response]):
    """Lets pages of some other origins, or of ``any``, read what they are answered. They send a token; with ``cookies`` those of
    these origins may send their cookies instead."""

    def __init__(self, origins: Collection[str], cookies: bool = False, any: bool = False) -> None:
        trusted = frozenset(origins) if cookies else frozenset[str]()
        super().__init__(allow_origins="*" if any else origins, expose_headers=EXPOSED, allow_credentials=trusted)

    async def process_response_async(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: object, req_succeeded: bool
    ) -> None:
        self.process_response(req, resp, resource, req_succeeded)
        resp.append_header("Vary", "Origin")


class Observe:
    """Counts and times requests, and adds the headers that browsers need to every answer. ``contract``: whose listener it is;
    empty: our own API's."""

    def __init__(self, metrics: Metrics, contract: str = "") -> None:
        self._metrics = metrics
        self._prefix = f"{contract}:" if contract else ""

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        req.context.started = time.perf_counter()

    async def process_response(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: Any, succeeded: bool
    ) -> None:
        resp.set_header(REQUEST_ID, request_id(req))
        resp.set_header("X-Content-Type-Options", "nosniff")
        resp.set_header("Referrer-Policy", "no-referrer")
        if not getattr(resp.context, "framed", False):  # a page that says itself who may frame it
            resp.set_header("X-Frame-Options", "DENY")
        method = req.method if req.method in KNOWN_METHODS else "other"
        # Falcon refuses some methods before it asks anybody.
        seconds = time.perf_counter() - getattr(req.context, "started", time.perf_counter())
        route = f"{self._prefix}{req.uri_template or 'unknown'}"
        self._metrics.observe(method, route, resp.status_code, seconds)
