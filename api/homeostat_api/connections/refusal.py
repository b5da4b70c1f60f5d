"""An error that is answered before, or beside, the application: in the API's own shape."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from gunicorn.asgi import parser  # type: ignore[import-untyped]
from gunicorn.http import errors  # type: ignore[import-untyped]

from homeostat.models.outside import redacted

from ..http.errors import Problem
from ..http.media import dumps
from ..http.requests.request_id import REQUEST_ID, fresh_request_id

log = logging.getLogger("homeostat.api")

TOO_MANY = 503
CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    409: "conflict",
    414: "uri_too_long",
    417: "expectation_failed",
    426: "upgrade_required",
    429: "consoles_at_limit",
    431: "headers_too_large",
    500: "internal_error",
    503: "too_many_connections",
}
SHAPES: dict[int, Callable[[Problem], Mapping[str, Any]]] = {}
"""How errors look on listeners that are not our own API's, by port."""
_TEXT_LIMIT = 300  # characters of a message: it may quote the request


def answer(status: int, message: str, headers: Iterable[tuple[str, str]] = (), port: int | None = None) -> bytes:
    """Returns the whole answer, in the words of the listener at ``port``. The connection ends after it."""
    problem = Problem(status, CODES.get(status, "error"), redacted(message)[:_TEXT_LIMIT])
    body = dumps(SHAPES.get(port or 0, _own)(problem))
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "X-Content-Type-Options: nosniff",
        f"{REQUEST_ID}: {fresh_request_id()}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in headers),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def port_of(transport: Any) -> int | None:
    """Returns the port of the listener that a client connected to."""
    address = transport.get_extra_info("sockname")
    return address[1] if isinstance(address, tuple) else None


def _own(problem: Problem) -> Mapping[str, Any]:
    return {"error": problem.message, "code": problem.problem_code, "details": {}}


def of_parser(error: Exception) -> tuple[int, str]:
    """Returns the status and the words for what gunicorn's parser refuses, or dies of."""
    match error:
        case parser.LimitRequestLine():
            return 414, str(error)
        case parser.LimitRequestHeaders():
            return 431, str(error)
        case parser.UnsupportedTransferCoding():
            # The RFC advises 501, but monitoring would take that for a failure of ours.
            return 400, f"Transfer-Encoding {error}: only chunked is understood"
        case parser.ParseError() | errors.ParseException():
            text = str(error)
            if " " in text:
                return 400, text
            return 400, f"{re.sub('(?<=[a-z])(?=[A-Z])', ' ', type(error).__name__).capitalize()}: {text}"
    log.warning("a request could not be parsed: %r", error)
    return 400, "The request cannot be parsed"
