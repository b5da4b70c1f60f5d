"""JSON merge patches (RFC 7386): how one is applied, and how one is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merge_difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the JSON merge patch (RFC 7386) that turns ``before`` into ``after``. It is empty where they are equal."""
    patch: dict[str, Any] = {name: None for name in before if name not in after}
    for name, value in after.items():
        old = before.get(name)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            if inner := merge_difference(old, value):
                patch[name] = inner
        elif name not in before or old != value:
            patch[name] = value
    return patch


def merge_patch(value: Any, patch: Any) -> Any:
    """Applies a merge patch as RFC 7386 says: objects are merged, null removes, and everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(value) if isinstance(value, dict) else {}
    for name, part in patch.items():
        if part is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), part)
    return merged
