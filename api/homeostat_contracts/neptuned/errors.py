"""Errors as Neptuned has them: ``{"error"}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeostat.models.machine import VirtualMachine
from homeostat.service.refusals import (
    BeingDeleted,
    ConsoleUnavailable,
    NoSuchResource,
    NotAllowed,
    NotYours,
    OverQuota,
    Refusal,
    Stale,
    TooManyScreens,
    WebRtcUnavailable,
)
from homeostat.store import errors as store_errors
from homeostat.store.errors import StoreError as StoreError  # noqa: PLC0414 - responders take it from here
from homeostat_api.http.answers.accounts import in_a_contract
from homeostat_api.http.errors import Answers, Problem


def body(problem: Problem) -> Mapping[str, Any]:
    return {"error": problem.message}


def no_machine(id: str) -> Problem:
    return Problem(404, "not_found", f"There is no VM {id[:64]!r}")


def not_running(id: str) -> Problem:
    return Problem(409, "not_running", f"The VM {id[:64]!r} is not running")


def no_user(id: str) -> Problem:
    return Problem(404, "not_found", f"There is no user {id[:64]!r}")


def bad(message: str) -> Problem:
    return Problem(400, "bad_request", message)


def forbidden(message: str) -> Problem:
    return Problem(403, "forbidden", message)


def from_refusal(error: Refusal) -> Problem:
    """Returns the answer to what the service refused."""
    match error:
        case NoSuchResource() if error.kind is VirtualMachine:
            return no_machine(str(error.details["name"]))
        case NoSuchResource():
            return bad(str(error))
        case NotYours() | OverQuota():
            return forbidden(str(error))
        case ConsoleUnavailable() | BeingDeleted() | Stale():
            return Problem(409, "conflict", str(error))
        case TooManyScreens():
            return Problem(429, "too_many", str(error), headers={"Retry-After": "5"})
        case WebRtcUnavailable():
            return Problem(503, "unavailable", str(error))
        case NotAllowed():
            return bad(str(error))
        case _:
            return Problem(409, "conflict", str(error))


def from_store(error: store_errors.StoreError) -> Problem:
    """Returns the answer to what the store refused."""
    match error:
        case store_errors.NotFound():
            return no_machine(error.key.name)
        case store_errors.AlreadyExists():
            return Problem(409, "conflict", f"There is a VM {error.key.name!r} already, or was: choose another id")
        case store_errors.Invalid():
            return bad(str(error))
        case store_errors.NotEditable() | store_errors.Conflict():
            return Problem(409, "conflict", str(error))
        case _:
            return Problem(500, "failed", str(error))


ANSWERS = Answers(from_refusal, from_store, body, "There is nothing at this path", in_a_contract)
