"""Moments as JavaScript writes them: UTC with milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    return _written(datetime.now(UTC))


def moment(timestamp: str | None) -> str | None:
    """Returns a moment of a resource. None: it has none."""
    return _written(datetime.fromisoformat(timestamp)) if timestamp else None


def is_moment(said: object) -> bool:
    """Returns whether that is a moment."""
    try:
        return isinstance(said, str) and bool(moment(said))
    except (ValueError, OverflowError):
        return False


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
