"""Errors as Volant has them, ``{"error", "code", "details"}``, and its words for what the service and the store refuse."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from homeostat.models.base import Key, Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.host import Host
from homeostat.models.image import Image
from homeostat.models.kinds import BY_KIND
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.models.plugin import Plugin
from homeostat.models.schedule import SnapshotSchedule
from homeostat.models.snapshot import Snapshot
from homeostat.service.refusals import (
    AlreadyRunning,
    AlreadyStopped,
    BeingDeleted,
    Disabled,
    InUse,
    NoSuchResource,
    NotYours,
    Refusal,
    RefusedByModels,
    SourceRefused,
    Stale,
)
from homeostat.store import errors as store_errors
from homeostat_api.http.errors import Answers, Problem
from homeostat_api.http.words import Words

log = logging.getLogger("homeostat.api")

# Its words for kinds: in codes, and for people.
NOUNS: Mapping[type[Resource], tuple[str, str]] = {
    VirtualMachine: ("vm", "VM"),
    VirtualMachineDeployment: ("deployment", "Deployment"),
    SnapshotSchedule: ("snapshot_schedule", "Snapshot schedule"),
    Snapshot: ("snapshot", "Snapshot"),
    Plugin: ("plugin", "Plugin"),
    Disk: ("disk", "Disk"),
    Image: ("image", "Image"),
    Network: ("network", "Network"),
    Host: ("host", "Host"),
}


class ErrorBody(Words):
    error: str = Field(description="For people: what happened, and what to do next.")
    code: str = Field(description="For programs, in snake_case.", examples=["vm_not_found"])
    details: dict[str, Any]


def body(problem: Problem) -> dict[str, Any]:
    """Renders a problem as ``ErrorBody`` describes."""
    return {"error": problem.message, "code": problem.problem_code, "details": problem.details}


def not_found(kind: str, name: str) -> Problem:
    code, noun = NOUNS[BY_KIND[kind]]
    return Problem(404, f"{code}_not_found", f"{noun} not found", {"name": name[:256]})


def deleting(kind: str, name: str) -> Problem:
    code, noun = NOUNS[BY_KIND[kind]]
    return Problem(409, f"{code}_deleting", f"{noun} is being deleted", {"name": name})


def from_store(error: store_errors.StoreError) -> Problem:
    """Returns the answer to what the store refused."""
    key = getattr(error, "key", None)
    details: dict[str, Any] = {"name": key.name} if key is not None else {}
    match error:
        case store_errors.NotFound():
            return not_found(error.key.kind, error.key.name)
        case store_errors.AlreadyExists():
            return Problem(409, f"{NOUNS[BY_KIND[error.key.kind]][0]}_exists", str(error), details)
        case store_errors.Conflict():
            return Problem(409, "conflict", str(error), details)
        case store_errors.Denied():
            return Problem(403, "forbidden", str(error), details)
        case store_errors.NotEditable():
            return Problem(409, "not_editable", str(error), details)
        case store_errors.Invalid():
            found = [{"field": p.field, "problem": p.message} for p in error.problems]
            return Problem(400, "invalid_request", str(error), {"fields": found})
        case _:
            log.error("the store failed: %s", error)
            return Problem(503, "store_unavailable", str(error), details, headers={"Retry-After": "5"})


def from_refusal(error: Refusal) -> Problem:
    """Returns the answer to what the service refused."""
    match error:
        case NoSuchResource():
            return not_found(error.kind.KIND, str(error.details["name"]))
        case NotYours():
            return Problem(403, "forbidden", str(error), error.details)
        case BeingDeleted():
            return deleting(error.kind.KIND, str(error.details["name"]))
        case Stale():
            return Problem(412, "precondition_failed", str(error), error.details)
        case AlreadyRunning():
            return Problem(409, "vm_already_running", "VM is already running", error.details)
        case AlreadyStopped():
            return Problem(409, "vm_already_stopped", "VM is already stopped", error.details)
        case InUse():
            return _in_use(error)
        case RefusedByModels():
            return Problem(409, "invalid_spec", str(error), error.details)
        case Disabled():
            return Problem(409, "plugin_disabled", str(error), error.details)
        case SourceRefused():
            return Problem(400, "source_refused", str(error), error.details)
        case _:
            return Problem(400, "invalid_request", str(error), error.details)


def _in_use(error: InUse) -> Problem:
    def word(key: Key) -> str:
        return f"{NOUNS[BY_KIND[key.kind]][0]}/{key.name}"

    details = {**error.details, "used_by": [word(key) for key in error.known[:100]], "used_by_total": len(error.users)}
    code, noun = NOUNS[error.kind]
    return Problem(409, f"{code}_in_use", f"{noun} is in use by {error.shown(word)}: delete these first", details)


ANSWERS = Answers(from_refusal, from_store, body, "There is nothing at this path; GET /api/v1/openapi lists what there is")
