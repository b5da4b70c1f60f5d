"""Changes of a spec by PATCH or PUT: how they are read, and how what they take is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal

import falcon
import falcon.asgi
from pydantic import Field

from homeostat.models.base import Resource
from homeostat.models.outside import redacted
from homeostat.planner.plan import Stalled
from homeostat.service.changing.foresight import Foreseen
from homeostat.service.changing.spec_change import SpecChange
from homeostat.service.kinds.collection import Collection, Patch, R, of_spec, patched_spec, to_spec

from ..media import JSON_PATCH, MERGE_PATCH, media_type, read_list, read_object
from ..operations import Parameter
from ..words import Words
from .parameters import flag
from .preconditions import expected_version, set_etag

DRY_RUN = Parameter("dryRun", {"type": "boolean", "default": False}, "Judge the change and say what it takes, and write nothing.")
PATCH_TYPES = (MERGE_PATCH, JSON_PATCH, "application/json")
_OPERATION = {
    "type": "object",
    "required": ["op", "path"],
    "properties": {
        "op": {"type": "string", "enum": ["add", "remove", "replace", "move", "copy", "test"]},
        "path": {"type": "string"},
        "from": {"type": "string"},
        "value": {},
    },
}
PATCH_BODY = {
    "oneOf": [{"type": "object", "additionalProperties": True}, {"type": "array", "maxItems": 500, "items": _OPERATION}]
}
PATCH_WORDS = (
    "Our extension: a JSON merge patch (RFC 7396) of the spec, where null removes a field and lists are replaced whole, or a "
    "JSON Patch (RFC 6902), whose paths begin at the spec as GET answers it. All of it is done, or nothing. "
)


class ClassifiedField(Words):
    field: str = Field(examples=["resources.memory"])
    old: str
    new: str
    disruption: Literal["Live", "NeedsRestart", "NeedsReplace", "Forbidden"] = Field(
        description="What it takes while the machine runs. Forbidden: it is written down, and the machine stays as it is."
    )
    reason: str = Field(description="Why it takes that.")


class Finding(Words):
    """Something that keeps a resource from what it is to be, as its condition would say it."""

    reason: str = Field(examples=["BridgeMissing"], description="One CamelCase word, for programs.")
    message: str = Field(description="What is so, and what to do next.")
    stalled: bool = Field(description="Nothing is tried again until somebody acts.")


class OnHost(Words):
    """What would be found on the host, as `homeostat plan` shows it."""

    name: str | None = Field(description="The host that was looked at. null: none was.")
    findings: list[Finding] = Field(description="What keeps the resource from what it is to be: nothing, where it is empty.")
    notes: list[str] = Field(description="What all machines together ask of the host, where that is more than it has.")
    not_looked_at: list[str] = Field(description="What is not known here, and why.")


class SpecChanged(Words):
    """What a change of a spec takes."""

    dry_run: bool = Field(description="Nothing was written.")
    restart_required: bool = Field(description="A guest runs, and gets restart_fields by a restart only.")
    restart_fields: list[str] = Field(
        description="What waits for a restart, earlier changes included: as the condition RestartRequired will have it."
    )
    changes: list[ClassifiedField] = Field(description="The fields that this request changes.")
    generation: int | None = Field(
        default=None, description="With dryRun: metadata.generation of what was planned for. Left out where resource says it."
    )
    host: OnHost | None = Field(
        default=None, description="With dryRun: what would be found on the host. Left out where the kind needs none."
    )


class NewSpec(SpecChanged):
    """What a dry creation is answered with."""

    spec: dict[str, Any]


def changed_words(change: SpecChange, dry: bool, foreseen: Foreseen | None = None) -> dict[str, Any]:
    """Renders a change as ``SpecChanged`` describes."""
    return {
        **({} if foreseen is None else {"host": _on_host(foreseen)}),
        "dry_run": dry,
        "restart_required": bool(change.restart),
        "restart_fields": list(change.restart),
        "changes": [
            {"field": c.field, "old": c.old, "new": c.new, "disruption": c.disruption.word, "reason": change.reason(c)}
            for c in change.changes
        ],
    }


def _on_host(foreseen: Foreseen) -> dict[str, Any]:
    found = [(outcome, isinstance(outcome, Stalled)) for outcome in foreseen.findings]
    return {
        "name": foreseen.host or None,
        "findings": [
            {"reason": outcome.reason, "message": redacted(outcome.message), "stalled": stalled} for outcome, stalled in found
        ],
        "notes": list(foreseen.notes),
        "not_looked_at": list(map(redacted, foreseen.unseen)),
    }


async def answer_presumed(resp: falcon.asgi.Response, collection: Collection[R], resource: R) -> None:
    """Answers a dry creation: nothing runs yet that it could change."""
    resp.status = falcon.HTTP_200
    change = changed_words(SpecChange(), True, await collection.foresee(resource))
    resp.media = {"spec": resource.spec.dump(), **change}


async def answer_patch(req: falcon.asgi.Request, resp: falcon.asgi.Response, collection: Collection[R], name: str) -> None:
    """Patches a spec as the request says, and answers it with what the change takes.

    Raises:
        Problem: 400, the body is neither kind of patch.
        Refusal, StoreError: nothing was changed.
    """
    version = expected_version(req, await collection.get(name))
    await answer_edit(req, resp, collection, name, version, await _read_patch(req))


async def answer_put(req: falcon.asgi.Request, resp: falcon.asgi.Response, collection: Collection[R], name: str) -> None:
    """Replaces a spec by the request's body, and answers it with what the change takes.

    Raises:
        Problem: 400, the body is no JSON object.
        Refusal, StoreError: nothing was changed.
    """
    version = expected_version(req, await collection.get(name))
    wanted = await read_object(req)

    async def change(resource: Resource) -> Patch:
        return to_spec(resource.spec, wanted)

    await answer_edit(req, resp, collection, name, version, change)


async def _read_patch(req: falcon.asgi.Request) -> Callable[[Resource], Awaitable[Patch]]:
    if media_type(req) == JSON_PATCH:
        operations = await read_list(req)

        async def operate(resource: Resource) -> Patch:
            return await patched_spec(resource.spec, operations)

        return operate
    patch = of_spec(await read_object(req))

    async def merge(_: Resource) -> Patch:
        return patch

    return merge


async def answer_edit(
    req: falcon.asgi.Request,
    resp: falcon.asgi.Response,
    collection: Collection[R],
    name: str,
    version: str | None,
    change: Callable[[R], Awaitable[Patch]],
) -> None:
    """Carries an edit out, unless the request is for a dry run, and answers the spec with what the change takes.

    Raises:
        Refusal, StoreError: nothing was changed.
    """
    dry = flag(req, "dryRun")
    before, after = await collection.edit(name, version, change, dry)
    foreseen = await collection.foresee(after) if dry else None
    planned = {"generation": before.metadata.generation} if dry else {}
    changed = changed_words(await collection.judge(before, after), dry, foreseen)
    resp.media = {"spec": after.spec.dump(), **planned, **changed}
    set_etag(resp, before if dry else after)
