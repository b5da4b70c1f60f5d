"""The place of a field in a document."""

from __future__ import annotations

FieldPath = tuple[str | int, ...]


def dotted(path: FieldPath) -> str:
    """Returns a path as people write it: spec.disks[0].size."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
        if len(text) > 200:  # the depth or the keys may be hostile
            return text[:200] + "…"
    return text
