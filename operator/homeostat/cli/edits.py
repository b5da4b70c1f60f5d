"""What `homeostat apply` has to write: the difference between a document and what is written down now. Pure."""

from __future__ import annotations

from typing import Any

from homeostat.models.base import Resource
from homeostat.store.merge import merge_difference

OWNED_METADATA = ("labels", "annotations")


def apply_patch(before: Resource, after: Resource) -> dict[str, Any]:
    """What changes spec, labels and annotations of ``before`` into those of ``after``."""
    old, new = before.dump(), after.dump()
    patch: dict[str, Any] = {}
    if spec := merge_difference(old.get("spec") or {}, new.get("spec") or {}):
        patch["spec"] = spec
    kept, wanted = old["metadata"], new["metadata"]
    metadata = {
        name: inner for name in OWNED_METADATA if (inner := merge_difference(kept.get(name) or {}, wanted.get(name) or {}))
    }
    return {**patch, "metadata": metadata} if metadata else patch
