"""Errors as VM-share has them: ``{"detail"}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeostat.accounts.errors import (
    AccountExists,
    AccountsError,
)
from homeostat.models.plugin import Plugin
from homeostat.service.refusals import (
    BeingDeleted,
    ConsoleUnavailable,
    Disabled,
    InUse,
    NoSuchResource,
    NotYours,
    OverQuota,
    Refusal,
    RefusedByModels,
    UploadRefused,
)
from homeostat.store import errors as store_errors
from homeostat.store.errors import AlreadyExists as AlreadyExists  # noqa: PLC0414 - what makes resources takes it from here
from homeostat.store.errors import NotFound as NotFound  # noqa: PLC0414
from homeostat.store.errors import StoreError as StoreError  # noqa: PLC0414 - what ends them, too
from homeostat_api.http.answers import accounts
from homeostat_api.http.errors import Answers, Problem

_OF_UPLOADS = {"too_large": 413, "not_an_image": 400, "checksum": 400, "incomplete": 400, "conflict": 409, "busy": 409}


def body(problem: Problem) -> Mapping[str, Any]:
    incident = problem.details.get("id")
    return {"detail": f"{problem.message} ({incident})" if incident else problem.message}


def bad(message: str) -> Problem:
    return Problem(400, "bad_request", message)


def unprocessable(message: str) -> Problem:
    return Problem(422, "unprocessable", message)


def forbidden(message: str) -> Problem:
    return Problem(403, "forbidden", message)


def not_found(message: str) -> Problem:
    return Problem(404, "not_found", message)


def conflict(message: str) -> Problem:
    return Problem(409, "conflict", message)


def too_much(message: str) -> Problem:
    return Problem(413, "too_large", message)


def failed(message: str) -> Problem:
    return Problem(500, "failed", message)


def from_refusal(error: Refusal) -> Problem:
    """Returns the answer to what the service refused."""
    match error:
        case NoSuchResource() if error.kind is Plugin:
            return not_found(f"{error}: an administrator has to make it, or to let everybody see it")
        case NoSuchResource():
            return not_found(str(error))
        case NotYours():
            return forbidden(str(error))
        case OverQuota():
            return too_much(str(error))
        case UploadRefused():
            return Problem(_OF_UPLOADS.get(error.why, 500), "upload", str(error))
        case BeingDeleted() | InUse() | ConsoleUnavailable() | Disabled() | RefusedByModels():
            return conflict(str(error))
        case _:
            return bad(str(error))


def from_store(error: store_errors.StoreError) -> Problem:
    """Returns the answer to what the store refused."""
    match error:
        case store_errors.NotFound():
            return not_found("It is gone by now")
        case store_errors.AlreadyExists() | store_errors.NotEditable() | store_errors.Conflict():
            return conflict(str(error))
        case store_errors.Invalid():
            return bad(str(error))
        case _:
            return failed(str(error))


def from_accounts(error: AccountsError) -> Problem:
    """Returns the answer to what the accounts refused."""
    return conflict("User exists") if isinstance(error, AccountExists) else accounts.in_a_contract(error)


ANSWERS = Answers(from_refusal, from_store, body, "Not Found", from_accounts)
