"""What one field manager applied to an object: server-side apply takes its whole intent at each time, and forgets the rest.

https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_MISSING = object()


def applied_by(item: Mapping[str, Any], manager: str) -> dict[str, Any]:
    """The parts of an object's metadata and spec that a manager owns by having applied them, with their present values."""
    fields: dict[str, Any] = {}
    for entry in (item.get("metadata") or {}).get("managedFields") or ():
        if entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource"):
            fields = entry.get("fieldsV1") or {}
    found = _owned(item, fields)
    return found if isinstance(found, dict) else {}


def _owned(value: Any, fields: Mapping[str, Any]) -> Any:
    """``fields`` is the FieldsV1 form: f:name, k:{key of a list's item}, v:value of a set."""
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
