"""Errors as the contract has them: ``{"error", "code", "details"}``, and the one place where domain errors become them."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from typing import Any, TypeAlias

import falcon
import falcon.asgi
from pydantic import ValidationError

from homeostat.models.base import Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.kinds import BY_KIND
from homeostat.models.machine import VirtualMachine
from homeostat.models.outside import tellable, tellable_all
from homeostat.models.plugin import Plugin
from homeostat.service.refusals import BeingDeleted, Disabled, NoSuchResource, Refusal, SourceRefused, Stale
from homeostat.store import errors as store_errors

App: TypeAlias = falcon.asgi.App[falcon.asgi.Request, falcon.asgi.Response]

log = logging.getLogger("homeostat.api")

# Codes of the errors that Falcon raises itself.
_CODES = {
    400: "bad_request",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    500: "internal_error",
}


PROBLEMS_MAX = 30  # that an answer lists
FIELD_MAX = 1024  # characters of the path to a field: its names may come from the request

# The contract's words for kinds: in codes, and for people.
NOUNS: Mapping[type[Resource], tuple[str, str]] = {
    VirtualMachine: ("vm", "VM"),
    VirtualMachineDeployment: ("deployment", "Deployment"),
    Plugin: ("plugin", "Plugin"),
}


class Problem(falcon.HTTPError):
    """An error that is answered as it stands."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, title=message, headers=dict(headers or {}))
        self.problem_code = code
        self.details = dict(details or {})


def invalid(message: str, **details: Any) -> Problem:
    return Problem(400, "invalid_request", message, details)


def not_found(kind: str, name: str) -> Problem:
    code, noun = NOUNS[BY_KIND[kind]]
    return Problem(404, f"{code}_not_found", f"{noun} not found", {"name": name[:256]})


def deleting(kind: str, name: str) -> Problem:
    code, noun = NOUNS[BY_KIND[kind]]
    return Problem(409, f"{code}_deleting", f"{noun} is being deleted", {"name": name})


def invalid_model(error: ValidationError) -> Problem:
    """What pydantic found, as sentences that name the field."""
    all_of_them = error.errors(include_url=False, include_input=False, include_context=False)
    found = [
        {"field": ".".join(str(part) for part in e["loc"])[:FIELD_MAX], "problem": e["msg"].removeprefix("Value error, ")}
        for e in all_of_them[:PROBLEMS_MAX]
    ]
    first = f"{found[0]['field']}: {found[0]['problem']}" if found[0]["field"] else found[0]["problem"]
    more = f" (and {len(all_of_them) - 1} more, see details)" if len(all_of_them) > 1 else ""
    return Problem(400, "invalid_request", first + more, {"fields": found})


def from_store(error: store_errors.StoreError) -> Problem:
    """The answer to what the store refused."""
    key = getattr(error, "key", None)
    details: dict[str, Any] = {"name": key.name} if key is not None else {}
    match error:
        case store_errors.NotFound():
            return not_found(error.key.kind, error.key.name)
        case store_errors.AlreadyExists():
            return Problem(409, f"{NOUNS[BY_KIND[error.key.kind]][0]}_exists", str(error), details)
        case store_errors.Conflict():
            return Problem(409, "conflict", str(error), details)
        case store_errors.NotEditable():
            return Problem(409, "not_editable", str(error), details)
        case store_errors.Invalid():
            found = [{"field": p.field, "problem": p.message} for p in error.problems]
            return Problem(400, "invalid_request", str(error), {"fields": found})
        case _:
            log.error("the store failed: %s", error)
            return Problem(503, "store_unavailable", str(error), details, headers={"Retry-After": "5"})


def from_refusal(error: Refusal) -> Problem:
    """The answer to what the service refused."""
    match error:
        case NoSuchResource():
            return not_found(error.kind.KIND, str(error.details["name"]))
        case BeingDeleted():
            return deleting(error.kind.KIND, str(error.details["name"]))
        case Stale():
            return Problem(412, "precondition_failed", str(error), error.details)
        case Disabled():
            return Problem(409, "plugin_disabled", str(error), error.details)
        case SourceRefused():
            return Problem(400, "source_refused", str(error), error.details)
        case _:
            return Problem(400, "invalid_request", str(error), error.details)


async def _answer_refusal(req: falcon.asgi.Request, resp: falcon.asgi.Response, error: Refusal, params: dict[str, Any]) -> None:
    raise from_refusal(error)


async def _answer_store_error(
    req: falcon.asgi.Request, resp: falcon.asgi.Response, error: store_errors.StoreError, params: dict[str, Any]
) -> None:
    raise from_store(error)


async def _answer_bug(req: falcon.asgi.Request, resp: falcon.asgi.Response, error: Exception, params: dict[str, Any]) -> None:
    """The user gets an id to quote; the log gets the traceback under that id."""
    incident = uuid.uuid4().hex[:12]
    log.error("incident %s: %s %s failed", incident, req.method, req.path, exc_info=error)
    raise Problem(500, "internal_error", "Internal Server Error: see the API's log for this id", {"id": incident})


def _serialize(req: falcon.asgi.Request, resp: falcon.asgi.Response, error: falcon.HTTPError) -> None:
    if isinstance(error, Problem):
        code, details, text = error.problem_code, error.details, error.title or ""
    else:
        code, details = _CODES.get(error.status_code, "error"), {}
        text = error.description or error.title or "error"
        if error.status_code == 404:
            text, details = "There is nothing at this path; GET /api/v1/openapi lists what there is", {"path": req.path[:256]}
        elif error.status_code == 405:
            text, details = f"{req.method} is not supported here", {"allow": dict(error.headers or {}).get("Allow", "")}
    resp.media = {"error": tellable(text), "code": code, "details": tellable_all(details)}
    resp.content_type = falcon.MEDIA_JSON


def install(app: App) -> None:
    """Maps every error there is; Falcon takes the most specific handler."""
    app.set_error_serializer(_serialize)
    app.add_error_handler(Exception, _answer_bug)
    app.add_error_handler(store_errors.StoreError, _answer_store_error)
    app.add_error_handler(Refusal, _answer_refusal)
