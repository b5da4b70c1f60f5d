"""What `homeostat apply` has to write, by kubectl's three-way rule. A field that an earlier apply set and this one does not set
is removed. A field that this one sets is set. A field that no apply ever set is left alone. Pure.

https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/#how-apply-calculates-differences-and-merges-changes
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from homeostat.models.base import OWNER, Resource

from .files.text.values import equal
from .merge import merge_patch

Form = Mapping[str, Any]
"""A resource as JSON. Only its spec, and the labels and annotations of its metadata, are used here."""

ABSENT = "0"
"""In place of a resourceVersion: there must be none of that name."""
_OWNED = ("labels", "annotations")


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply did. ``left``: fields that stay although they are not in the document, because nothing was applied before."""

    outcome: Literal["created", "configured", "unchanged"]
    left: tuple[str, ...] = ()
    resource: Resource | None = None  # as it is then, or with a dry run would be, where that is known


def intent(form: Form) -> dict[str, Any]:
    """Returns the part of a resource that an apply sets."""
    metadata = form.get("metadata") or {}
    return {"spec": form.get("spec") or {}, "metadata": {name: dict(metadata[name]) for name in _OWNED if metadata.get(name)}}


def apply_patch(last: Form | None, before: Form, after: Form) -> dict[str, Any]:
    """Returns the merge patch (RFC 7386) of a resource that is ``before``, where ``after`` is applied. ``last`` is what was
    applied last; None: nothing was, or nobody remembers it. Whose it is, no apply takes away: the service says it."""
    old, new, had = intent(before), intent(after), intent(last or {})
    had["metadata"].get("labels", {}).pop(OWNER, None)
    patch = {"spec": spec} if (spec := _patch(had["spec"], old["spec"], new["spec"])) else {}
    metadata = {
        name: inner
        for name in _OWNED
        if (inner := _patch(*(form["metadata"].get(name) or {} for form in (had, old, new))))
    }  # fmt: skip
    return {**patch, "metadata": metadata} if metadata else patch


def left_alone(before: Form, after: Form) -> tuple[str, ...]:
    """Returns the fields of the spec that only ``before`` has, as dotted paths."""
    return tuple(_only_in(before.get("spec") or {}, after.get("spec") or {}, "spec"))


def _only_in(before: Form, after: Form, place: str) -> list[str]:
    found: list[str] = []
    for name, value in before.items():
        if name not in after:
            found.append(f"{place}.{name}")
        elif isinstance(value, Mapping) and isinstance(after[name], Mapping):
            found += _only_in(value, after[name], f"{place}.{name}")
        elif (old := _by_name(value)) and (new := _by_name(after[name])):
            found += [f"{place}.{name}[{item}]" for item in old if item not in new]
    return found


def _patch(last: Form, before: Form, after: Form) -> dict[str, Any]:
    gone = [name for name in last if name in before and name not in after]
    patch: dict[str, Any] = {name: _merged(_by_name(last[name]), _by_name(before[name]), {}) or None for name in gone}
    for name, value in after.items():
        had, old = last.get(name), before.get(name)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            if inner := _patch(had if isinstance(had, Mapping) else {}, old, value):
                patch[name] = inner
            continue
        named = _by_name(value)
        wanted = _merged(_by_name(had), _by_name(old), named) if _by_name(old) and (named or value == []) else value
        if name not in before or not equal(old, wanted):
            patch[name] = wanted
    return patch


def _by_name(items: Any) -> dict[str, Any]:
    """Returns the items of a list by their names, as disks and nics have them. Returns nothing where the items have none."""
    if not isinstance(items, list) or not all(isinstance(i, Mapping) and isinstance(i.get("name"), str) for i in items):
        return {}
    found = {item["name"]: item for item in items}
    return found if len(found) == len(items) else {}


def _merged(last: Form, before: Form, after: Form) -> list[Any]:
    """Merges two lists by the names of their items. An item that no apply ever set stays behind the item that it followed."""
    items = {
        name: merge_patch(before[name], _patch(last.get(name, {}), before[name], item)) if name in before else item
        for name, item in after.items()
    }
    order, behind = list(items), 0
    for name in before:
        if name in items:
            behind = order.index(name) + 1
        elif name not in last:
            order.insert(behind, name)
            behind += 1
    return [items.get(name, before.get(name)) for name in order]
