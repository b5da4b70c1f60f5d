"""What `homeostat apply` has to write: the difference between a document and what is written down now. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeostat.models.base import Resource

OWNED_METADATA = ("labels", "annotations")


def merge_patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON merge patch (RFC 7386) that turns ``before`` into ``after``; empty when they are the same."""
    patch: dict[str, Any] = {name: None for name in before if name not in after}
    for name, value in after.items():
        old = before.get(name)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            if inner := merge_patch(old, value):
                patch[name] = inner
        elif name not in before or old != value:
            patch[name] = value
    return patch


def apply_patch(before: Resource, after: Resource) -> dict[str, Any]:
    """What changes spec, labels and annotations of ``before`` into those of ``after``."""
    old, new = before.dump(), after.dump()
    patch: dict[str, Any] = {}
    if spec := merge_patch(old.get("spec") or {}, new.get("spec") or {}):
        patch["spec"] = spec
    kept, wanted = old["metadata"], new["metadata"]
    metadata = {name: inner for name in OWNED_METADATA if (inner := merge_patch(kept.get(name) or {}, wanted.get(name) or {}))}
    return {**patch, "metadata": metadata} if metadata else patch
