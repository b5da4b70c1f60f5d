"""Errors as LIMEN has them, ``{"code", "message"}``, and in development ``error`` besides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from homeostat.accounts.errors import (
    AccountBanned,
    AccountExists,
    AccountsError,
    DatabaseTrouble,
    NotPermitted,
    NotSignedIn,
    TicketRefused,
)
from homeostat.accounts.signing_in.registration import WAITS
from homeostat.models.machine import VirtualMachine
from homeostat.service.refusals import NoSuchResource, NotYours, Refusal
from homeostat.store import errors as store_errors
from homeostat.store.errors import StoreError as StoreError  # noqa: PLC0414 - responders take it from here
from homeostat_api.http.answers import accounts
from homeostat_api.http.errors import Answers, Problem

PENDING = "Forbidden: your account is pending, an administrator has to approve it first"


def answers(development: bool) -> Answers:
    """Returns how errors are answered. ``development``: with what is behind them, too."""
    return Answers(from_refusal, from_store, _body(development), "Not found", from_accounts)


def _body(development: bool) -> Callable[[Problem], Mapping[str, Any]]:
    def body(problem: Problem) -> Mapping[str, Any]:
        incident = problem.details.get("id")
        message = f"{problem.message} ({incident})" if incident else problem.message
        shown = {"code": problem.status_code, "message": message}
        return shown | {"error": message} if development else shown

    return body


def bad(message: str) -> Problem:
    return Problem(400, "bad_request", message)


def failed(message: str) -> Problem:
    return Problem(500, "failed", message)


def forbidden(message: str) -> Problem:
    return Problem(403, "forbidden", f"Forbidden: {message}")


def unauthorized(message: str) -> Problem:
    return Problem(401, "unauthorized", f"Unauthorized: {message}", headers={"WWW-Authenticate": 'Bearer realm="homeostat"'})


def no_machine() -> Problem:
    return Problem(404, "not_found", "VM not found")


def from_refusal(error: Refusal) -> Problem:
    """Returns the answer to what the service refused."""
    match error:
        case NoSuchResource() if error.kind is VirtualMachine:
            return no_machine()
        case NoSuchResource():
            return bad(f"{error}: an administrator has to make it, or to grant it to you")
        case NotYours():
            return forbidden(str(error))
        case _:
            return bad(str(error))


def from_store(error: store_errors.StoreError) -> Problem:
    """Returns the answer to what the store refused."""
    match error:
        case store_errors.NotFound():
            return no_machine()
        case store_errors.AlreadyExists():
            return bad("VM name is already taken: choose another one")
        case store_errors.Invalid() | store_errors.NotEditable() | store_errors.Conflict():
            return bad(str(error))
        case _:
            return failed(str(error))


def from_accounts(error: AccountsError) -> Problem:
    """Returns the answer to what the accounts refused."""
    said = accounts.text_in_a_contract(error)
    match error:
        case AccountBanned() if error.reason == WAITS:
            return Problem(403, "pending", PENDING)
        case TicketRefused():
            return unauthorized(f"{said}; ask for another address: GET /api/vms/{{id}}/console")
        case NotSignedIn():
            return unauthorized(said)
        case AccountBanned() | NotPermitted():
            return forbidden(said)
        case AccountExists():
            return bad("Username already exists: choose another one")
        case DatabaseTrouble():
            return failed(said)
        case _:
            return accounts.in_a_contract(error)
