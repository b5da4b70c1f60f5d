"""`homeostat plan DIR --server URL`: what applying a folder to a server would do, as the server says. Nothing is written."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from homeostat.models.base import Resource
from homeostat.models.kinds import REGISTRY
from homeostat.models.machine import PendingChange
from homeostat.service.changing.spec_change import of_resource
from homeostat.store.errors import FolderProblem

from ..given import Given, placed
from ..references import short_name
from ..rest_server import RestRefusal
from ..show.plans.render_applied import AppliedEntry
from ..show.plans.render_plan import Verb
from .state import RemoteState

_VERBS = {"created": Verb.CREATE, "configured": Verb.CHANGE, "unchanged": Verb.NONE}
_RANK = {kind: -place for place, kind in enumerate(REGISTRY)}
STAYS = "what the server has and these files do not say stays: over REST only `homeostat delete` deletes"


@dataclass(frozen=True, slots=True)
class RemotePlan:
    """What is foreseen of each document. ``errors``: of those that would be refused."""

    entries: Sequence[AppliedEntry]
    errors: Sequence[FolderProblem]
    notes: Sequence[str]


def in_order(given: Sequence[Given]) -> list[Given]:
    """Returns documents so that what others rest on comes first: a server refuses what names something that is not there."""
    return sorted(given, key=lambda one: _RANK[type(one.resource)])


async def try_all(state: RemoteState, given: Sequence[Given]) -> None:
    """Asks the server about each document before any is written, so that none is where one is refused.

    Raises:
        CliError: the server would refuse one.
    """
    new: set[str] = set()  # names of what these documents would make
    for one in in_order(given):
        if await state.get(type(one.resource), one.resource.key) is None:
            new.add(one.resource.metadata.name)
        try:
            await state.foresee(one.resource)
        except RestRefusal as error:
            if not _waits_for(error, new):
                raise placed(one, error) from error


def _waits_for(error: RestRefusal, new: Collection[str]) -> bool:
    """Tells whether something is refused only because what it names is not there yet, which these documents make."""
    return error.status == 404 and error.details.get("name") in new


async def remote_plan(state: RemoteState, given: Sequence[Given], folder: Path) -> RemotePlan:
    """Asks the server about each document of a folder.

    Raises:
        CliError: it cannot be asked.
    """
    entries: list[AppliedEntry] = []
    errors: list[FolderProblem] = []
    notes: dict[str, None] = {STAYS: None}
    new: set[str] = set()  # names of what these documents would make
    for one in in_order(given):
        resource, path = one.resource, _path(one, folder)
        place = f"{path}:{one.line}"
        before = await state.get(type(resource), resource.key)
        if before is None:
            new.add(resource.metadata.name)
        try:
            found = await state.foresee(resource)
        except RestRefusal as error:
            if _waits_for(error, new):
                why = f"it rests on {error.details['name']}, which is not there yet"
                entries.append(AppliedEntry(resource, place, Verb.CREATE if before is None else Verb.CHANGE, unknown=[why]))
            elif error.status in (400, 403, 404, 409):
                errors.append(FolderProblem(path, one.line, 1, "", f"{short_name(resource.key)}: {error}"))
            else:
                raise
            continue
        notes.update(dict.fromkeys((found.get("host") or {}).get("notes", ())))
        entries.append(_entry(found, state.resource(resource.kind, found["resource"]), before, place, new))
    return RemotePlan(entries, errors, [*notes])


def _path(given: Given, folder: Path) -> str:
    return os.path.relpath(given.path, folder) if given.path else "-"


def _entry(found: Any, after: Resource, before: Resource | None, place: str, new: Collection[str]) -> AppliedEntry:
    changes = [PendingChange(**change) for change in found["changes"]]
    if before is not None:
        told = {re.split(r"[.\[]", change.field)[0] for change in changes}
        beside = [change for change in of_resource(before, after).changes if change.field not in told]
        changes += [PendingChange(field=c.field, old=c.old, new=c.new, disruption="Live") for c in beside]
    host = found.get("host") or {}
    findings = [(one["reason"], one["message"]) for one in host.get("findings", ())]
    later = [message for reason, message in findings if reason.endswith("NotFound") and _names_any(new, message)]
    return AppliedEntry(
        after,
        place,
        _VERBS[found["outcome"]],
        changes,
        found["restart_fields"],
        [one for one in findings if one[1] not in later],
        [*host.get("not_looked_at", ()), *later],
    )


def _names_any(names: Collection[str], message: str) -> bool:
    return not {*names}.isdisjoint(re.findall(r"'([^']*)'", message))
