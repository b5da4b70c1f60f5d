"""How far a deployment's rollout is, and which templates it had. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from homeostat.models.condition import READY, STALLED, find_condition
from homeostat.models.deployment import MachineRevision, VirtualMachineDeployment, VirtualMachineDeploymentStatus

from ..errors import CliError
from ..references import short_name
from ..times import age
from .render_texts import as_written
from .status_words import ROLLED_BACK

_SHOWN_CHANGES = 3
_BAR = 10  # characters


@dataclass(frozen=True, slots=True)
class Progress:
    """``failure`` says why the rollout will not complete as it is. Empty: it may."""

    text: str
    done: bool = False
    failure: str = ""


def rollout_progress(deployment: VirtualMachineDeployment) -> Progress:
    """Reads the counts and conditions of its status, which count only for the generation that they were made from."""
    status, spec, name = deployment.status, deployment.spec, short_name(deployment.key)
    if deployment.deleting:
        return Progress("", failure=f"{name} is being deleted")
    if status is None or status.observed_generation < deployment.metadata.generation:
        return Progress("waiting for the operator to see the new spec")
    if failure := _failure(deployment):
        return Progress("", failure=failure)
    text = rollout_counts(deployment)
    if (problem := find_condition(status.conditions, "ReplicaFailure")) and problem.status == "True":
        text += f"; {problem.message}"
    held = f" (held by spec.rollbackTo: {spec.rollback_to})" if spec.rollback_to else " (paused)" if spec.paused else ""
    ready = find_condition(status.conditions, READY)  # the counts may be right although a stand-in is among them
    if ready is None or ready.status != "True":
        return Progress(text + held)
    return Progress(f"{name} is rolled out: {text}{held}", done=True)


def rollout_counts(deployment: VirtualMachineDeployment) -> str:
    """Returns text such as ``3 of 5 follow revision 2, 5 available, 2 on an older one``."""
    status, wanted = deployment.status or VirtualMachineDeploymentStatus(), deployment.spec.replicas
    text = f"{min(status.updated_replicas, wanted)} of {wanted} follow revision {status.revision or 'none'}"
    text += f", {status.available_replicas} available"
    if status.updated_replicas > wanted:
        text += f", {status.updated_replicas - wanted} too many"
    if old := status.replicas - status.updated_replicas:
        text += f", {old} on an older one"
    return text


def progress_bar(status: VirtualMachineDeploymentStatus, wanted: int) -> str:
    """Returns how much is done: full where every machine is of the newest template and none is missing or left over."""
    whole = max(wanted, status.replicas)
    done = min(status.updated_replicas, status.available_replicas, wanted)
    filled = _BAR if whole == 0 else _BAR * done // whole
    return "█" * filled + "░" * (_BAR - filled)


def _failure(deployment: VirtualMachineDeployment) -> str:
    name, conditions = short_name(deployment.key), deployment.status.conditions if deployment.status else ()
    stalled, ready = find_condition(conditions, STALLED), find_condition(conditions, READY)
    if stalled is not None and stalled.status == "True":
        return f"{name} is stalled: {stalled.message}"
    moving = find_condition(conditions, "Progressing")
    if moving is not None and moving.status == "False":
        return f"{name} missed its progress deadline: {moving.message}"
    if ready is not None and ready.reason == ROLLED_BACK and deployment.spec.rollback_to is None:
        return f"{name} was rolled back: {ready.message}"
    return ""


def history_rows(deployment: VirtualMachineDeployment, revisions: Sequence[MachineRevision]) -> list[tuple[str, ...]]:
    """Returns (revision, state, age, changes), oldest first. Each revision is compared with the one before it."""
    rows: list[tuple[str, ...]] = []
    earlier: MachineRevision | None = None
    for revision in revisions:
        changed = changes_between(earlier, revision) if earlier else "the first one on record"
        rows.append(
            (str(revision.spec.revision), _state(deployment, revision), age(revision.metadata.creation_timestamp), changed)
        )
        earlier = revision
    return rows


def _state(deployment: VirtualMachineDeployment, revision: MachineRevision) -> str:
    if revision.spec.failed:
        return "given up"
    if deployment.status and deployment.status.revision == revision.spec.revision:
        return "current"
    return "complete" if revision.spec.succeeded or revision.spec.completed else "superseded"


def changes_between(old: MachineRevision, new: MachineRevision) -> str:
    """Returns the changes in a few words."""
    changes = template_changes(old.spec.template.dump(), new.spec.template.dump())
    if not changes:
        return new.spec.cause or "restarted"
    listed = [f"{field}: {_short(before)} -> {_short(after)}" for field, (before, after) in changes.items()]
    more = f" and {len(listed) - _SHOWN_CHANGES} more" if len(listed) > _SHOWN_CHANGES else ""
    return ", ".join(listed[:_SHOWN_CHANGES]) + more


def template_changes(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> dict[str, tuple[Any, Any]]:
    """Returns dotted field -> (old, new). An item of a list that has a name counts as a field of that name."""
    changes: dict[str, tuple[Any, Any]] = {}
    for name in dict.fromkeys((*old, *new)):
        before, after = _by_name(old.get(name), new.get(name)), _by_name(new.get(name), old.get(name))
        if before == after:
            continue
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            changes |= template_changes(before, after, f"{prefix}{name}.")
        else:
            changes[f"{prefix}{name}"] = (before, after)
    return changes


def _by_name(value: Any, other: Any) -> Any:
    """Returns the items of a list by their names, where they have some. ``other``: the other version of the value."""
    if _is_named(value):
        return {item["name"]: item for item in value}
    return {} if not value and _is_named(other) else value


def _is_named(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) and "name" in item for item in value)


def _short(value: Any) -> str:
    text = as_written(value)
    return text if len(text) <= 32 else text[:29] + "..."


def revision_to_undo_to(
    deployment: VirtualMachineDeployment, revisions: Sequence[MachineRevision], wanted: int | None
) -> MachineRevision:
    """Returns the revision that was asked for, or the newest one before the current one that was not given up.

    Raises:
        CliError: there is none.
    """
    name = short_name(deployment.key)
    if wanted is not None:
        found = next((r for r in revisions if r.spec.revision == wanted), None)
        if found is None:
            known = ", ".join(str(r.spec.revision) for r in revisions) or "none"
            raise CliError(f"{name} has no revision {wanted}", f"those on record: {known}")
        return found
    current = deployment.status.revision if deployment.status else None
    before = [r for r in revisions if not r.spec.failed and current is not None and r.spec.revision < current]
    if not before:
        raise CliError(
            f"{name} has no earlier revision to go back to", f"`homeostat rollout history {name}` lists those on record"
        )
    return before[-1]
