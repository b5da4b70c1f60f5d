"""What one field manager applied to an object. With server-side apply, each apply says the manager's whole intent; what it leaves
out is dropped.

https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_MISSING = object()


def applied_by(item: Mapping[str, Any], manager: str) -> dict[str, Any]:
    """Returns the parts of an object's metadata and spec that a manager owns because it applied them, with their present
    values."""
    fields: dict[str, Any] = {}
    for entry in (item.get("metadata") or {}).get("managedFields") or ():
        if entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource"):
            fields = entry.get("fieldsV1") or {}
    found = _owned(item, fields) if fields else {}
    return found if isinstance(found, dict) else {}


def owner_of(managed: Sequence[Mapping[str, Any]], path: str) -> str:
    """Returns the field manager that set the value of a field of the spec. Of several it is the one that owns just this field,
    then the last one. Empty: nobody owns it.

    ``path`` is dotted, without ``spec``, as differences name it: resources.vcpu, disks[root].size.
    """
    steps = ["f:spec", *_steps(path)]
    owners = [
        (_depth(entry.get("fieldsV1") or {}, steps), str(entry.get("time") or ""), str(entry.get("manager") or ""))
        for entry in managed
        if entry.get("subresource") != "status"
    ]
    depth, _, manager = max(owners, default=(0, "", ""))
    return manager if depth else ""


def owns(entry: Mapping[str, Any], steps: Sequence[str]) -> bool:
    """Tells whether an entry of managedFields holds that very field. ``steps`` are in the FieldsV1 form."""
    fields = entry.get("fieldsV1") or {}
    for step in steps:
        if step not in fields:
            return False
        fields = fields[step]
    return True


def _steps(path: str) -> Iterator[str]:
    for part in path.replace("[", ".[").split("."):
        yield f'k:{{"name":"{part[1:-1]}"}}' if part.startswith("[") else f"f:{part}"


def _depth(fields: Mapping[str, Any], steps: Sequence[str]) -> int:
    """Returns how many steps of a path to a field a set of fields holds. 0: not the field. All steps: the field itself. Fewer: a
    whole that the field is a part of. The owner of a whole may have lost its parts to others, so who holds more steps counts
    more."""
    for number, step in enumerate(steps):
        if not fields:
            return number  # the value is atomic
        if step not in fields:
            return 0
        fields = fields[step]
    return len(steps)


def _owned(value: Any, fields: Mapping[str, Any]) -> Any:
    """Returns the part of the value that is owned. ``fields`` is in the FieldsV1 form: f:name, k:{key of a list's item}, v:value
    of a set."""
    steps = {step: inner for step, inner in fields.items() if step != "."}
    if not steps:
        return value
    if isinstance(value, Mapping):
        return {
            step[2:]: part
            for step, inner in steps.items()
            if step.startswith("f:") and step[2:] in value and (part := _owned(value[step[2:]], inner)) is not _MISSING
        }
    if isinstance(value, list):
        return [part for step, inner in steps.items() for item in value if (part := _item(step, inner, item)) is not _MISSING]
    return value


def _item(step: str, inner: Mapping[str, Any], item: Any) -> Any:
    kind, _, text = step.partition(":")
    wanted = json.loads(text)
    if kind == "v":
        return item if item == wanted else _MISSING
    if kind != "k" or not isinstance(item, Mapping) or any(item.get(name) != value for name, value in wanted.items()):
        return _MISSING
    part = _owned(item, inner)
    return {**wanted, **part} if isinstance(part, dict) else part
