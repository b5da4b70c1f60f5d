"""Errors as QEMU Manager has them, ``{"error", "timestamp"}``: 400 for what cannot be, 404 for what is not there, 500 for the
rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeostat.models.disk import Disk
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.service.refusals import InUse, NoSuchResource, NotYours, OverQuota, Refusal, UploadRefused
from homeostat.store import errors as store_errors
from homeostat.store.errors import StoreError as StoreError  # noqa: PLC0414 - responders take it from here
from homeostat_api.http.answers.accounts import in_a_contract
from homeostat_api.http.errors import Answers, Problem

from .moments import now

_NOUNS = {VirtualMachine: "VM", Disk: "Disk", Image: "ISO"}


def body(problem: Problem) -> Mapping[str, Any]:
    return {"error": _said(problem), "timestamp": now()}


def _said(problem: Problem) -> str:
    """Returns the whole of what is wrong: there is one sentence for it here, and no details."""
    fields = problem.details.get("fields")
    if not isinstance(fields, list) or len(fields) < 2:
        return problem.message
    return "; ".join(": ".join(filter(None, (said["field"], said["problem"]))) for said in fields)


def no_machine() -> Problem:
    return Problem(404, "not_found", "VM not found")


def no_disk() -> Problem:
    return Problem(404, "not_found", "Disk not found")


def no_iso() -> Problem:
    return Problem(404, "not_found", "ISO not found")


def bad(message: str) -> Problem:
    return Problem(400, "bad_request", message)


def failed(message: str) -> Problem:
    return Problem(500, "failed", message)


def from_refusal(error: Refusal) -> Problem:
    """Returns the answer to what the service refused."""
    match error:
        case NoSuchResource():
            return Problem(404, "not_found", f"{_NOUNS.get(error.kind, error.kind.KIND)} not found")
        case NotYours() | OverQuota():
            return Problem(403, "forbidden", str(error))
        case UploadRefused() if error.why == "too_large":
            return Problem(413, "too_large", str(error))
        case UploadRefused() if error.why in ("no_space", "failed"):  # the host's fault, not that of who asks
            return failed(str(error))
        case InUse():
            users = ", ".join(key.name for key in error.known) or "others"
            return bad(f"{error.details['name']} is attached to {users}: detach it first")
        case _:
            return bad(str(error))


def from_store(error: store_errors.StoreError) -> Problem:
    """Returns the answer to what the store refused."""
    match error:
        case store_errors.NotFound():
            return Problem(404, "not_found", "It is gone by now")
        case store_errors.AlreadyExists():
            return bad(f"The name {error.key.name} is taken: give another one")
        case store_errors.Invalid() | store_errors.NotEditable() | store_errors.Conflict():
            return bad(str(error))
        case _:
            return failed(str(error))


ANSWERS = Answers(from_refusal, from_store, body, "There is nothing at this path", in_a_contract)
