"""The errors of an application: what its responders raise, and how each exception becomes an answer."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

import falcon
import falcon.asgi
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from homeostat.accounts.errors import AccountsError
from homeostat.models.explain import in_plain_words
from homeostat.models.outside import tellable, tellable_all
from homeostat.models.suggest import suggest_field
from homeostat.service.refusals import Refusal
from homeostat.store.errors import StoreError

App: TypeAlias = falcon.asgi.App[falcon.asgi.Request, falcon.asgi.Response]
NoResponse: TypeAlias = falcon.asgi.Response | None  # a WebSocket has none
Handshake: TypeAlias = falcon.asgi.WebSocket | None

Reworded: TypeAlias = Callable[[falcon.asgi.Request, str, Mapping[str, Any]], Awaitable[str]]

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


SAID = "homeostat.said"
"""Where a WebSocket's scope says why it is refused."""
PROBLEMS_MAX = 30  # that an answer lists
SENT_MAX = 64  # characters of a request's own words in an answer
FIELD_MAX = 1024  # characters of the path to a field: its names may come from the request


class Problem(falcon.HTTPError):
    """An error that is answered as it is."""

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
        self.message = message
        self.details = dict(details or {})


@dataclass(frozen=True, slots=True)
class Answers:
    """How an application answers errors, in the words of its contract."""

    refusal: Callable[[Refusal], Problem]
    store_error: Callable[[StoreError], Problem]
    body: Callable[[Problem], Mapping[str, Any]]
    no_route: str  # where there is nothing at a path
    accounts: Callable[[AccountsError], Problem] | None = None
    reworded: Reworded | None = None  # puts a message into the names that clients know


def invalid(message: str, **details: Any) -> Problem:
    return Problem(400, "invalid_request", message, details)


def invalid_model(error: ValidationError, model: type[BaseModel]) -> Problem:
    """Returns what pydantic found in a body, as sentences that name the field, and what was probably meant."""
    all_of_them = error.errors(include_url=False, include_input=False)
    found = [
        {"field": ".".join(str(part) for part in e["loc"])[:FIELD_MAX], "problem": _words(e, model)}
        for e in all_of_them[:PROBLEMS_MAX]
    ]
    first = f"{found[0]['field']}: {found[0]['problem']}" if found[0]["field"] else found[0]["problem"]
    more = f" (and {len(all_of_them) - 1} more)" if len(all_of_them) > 1 else ""
    return Problem(400, "invalid_request", first + more, {"fields": found})


def _words(error: ErrorDetails, model: type[BaseModel]) -> str:
    if error["type"] == "extra_forbidden":
        return f"unknown field{suggest_field(model, error['loc'])}"
    return in_plain_words(error)


async def _answer_bug(req: falcon.asgi.Request, resp: falcon.asgi.Response, error: Exception, params: dict[str, Any]) -> None:
    """Answers a bug: the user gets an id to quote, and the log gets the traceback under that id."""
    incident = uuid.uuid4().hex[:12]
    log.error("incident %s: %s %s failed", incident, req.method, req.path, exc_info=error)
    raise Problem(500, "internal_error", "Internal Server Error: see the API's log for this id", {"id": incident})


def _as_problem(req: falcon.asgi.Request, error: falcon.HTTPError, no_route: str) -> Problem:
    if isinstance(error, Problem):
        return error
    code, details = _CODES.get(error.status_code, "error"), {}
    text = error.description or error.title or "error"
    if error.status_code == 404:
        text, details = no_route, {"path": req.path[:256]}
    elif error.status_code == 405:
        text, details = f"{req.method} is not supported here", {"allow": dict(error.headers or {}).get("Allow", "")}
    elif error.status_code == 415:
        sent = (req.content_type or "")[:SENT_MAX]
        text = f"a body of the Content-Type {sent} is not taken here: send JSON, as {falcon.MEDIA_JSON}"
    return Problem(error.status_code, code, text, details)


async def _reworded(words: Reworded, req: falcon.asgi.Request, problem: Problem, params: Mapping[str, Any]) -> Problem:
    """Returns a problem in the names that clients know, as far as they can be found out."""
    try:
        message = await words(req, problem.message, params)
    except (StoreError, Refusal):
        return problem
    told = dict(problem.headers or {})
    return Problem(problem.status_code, problem.problem_code, message, problem.details, told)


def install(app: App, answers: Answers) -> None:
    """Installs a handler for every error there is; Falcon takes the most specific one."""

    async def refuse(req: falcon.asgi.Request, ws: Handshake, error: falcon.HTTPError, params: Mapping[str, Any]) -> NoReturn:
        if isinstance(error, Problem) and answers.reworded is not None:
            error = await _reworded(answers.reworded, req, error, params)
        if ws is not None:  # Falcon does not answer its handshake, see ``connections.handshake``
            req.scope[SAID] = tellable(_as_problem(req, error, answers.no_route).message)
        raise error

    async def answer_problem(
        req: falcon.asgi.Request, resp: NoResponse, error: falcon.HTTPError, params: dict[str, Any], ws: Handshake = None
    ) -> None:
        await refuse(req, ws, error, params)

    async def answer_refusal(
        req: falcon.asgi.Request, resp: NoResponse, error: Refusal, params: dict[str, Any], ws: Handshake = None
    ) -> None:
        await refuse(req, ws, answers.refusal(error), params)

    async def answer_store_error(
        req: falcon.asgi.Request, resp: NoResponse, error: StoreError, params: dict[str, Any], ws: Handshake = None
    ) -> None:
        await refuse(req, ws, answers.store_error(error), params)

    async def answer_accounts_error(
        req: falcon.asgi.Request, resp: NoResponse, error: AccountsError, params: dict[str, Any], ws: Handshake = None
    ) -> None:
        if answers.accounts is None:
            raise error
        await refuse(req, ws, answers.accounts(error), params)

    def serialize(req: falcon.asgi.Request, resp: falcon.asgi.Response, error: falcon.HTTPError) -> None:
        found = _as_problem(req, error, answers.no_route)
        told = Problem(found.status_code, found.problem_code, tellable(found.message), tellable_all(found.details))
        resp.media = answers.body(told)
        resp.content_type = falcon.MEDIA_JSON

    app.set_error_serializer(serialize)
    app.add_error_handler(Exception, _answer_bug)
    app.add_error_handler(falcon.HTTPError, answer_problem)
    app.add_error_handler(StoreError, answer_store_error)
    app.add_error_handler(Refusal, answer_refusal)
    app.add_error_handler(AccountsError, answer_accounts_error)
