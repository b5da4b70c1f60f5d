"""What each request is called, in its answer: another id for each."""

from __future__ import annotations

import uuid

import falcon.asgi

REQUEST_ID = "X-Request-ID"


def request_id(req: falcon.asgi.Request) -> str:
    """Returns the id of a request. What a client sends as one is not taken: it may have been used before."""
    found: str | None = getattr(req.context, "request_id", None)
    if found is None:
        found = req.context.request_id = fresh_request_id()
    return found


def fresh_request_id() -> str:
    return str(uuid.uuid4())
