"""The time of day, which tests set. It may go back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    """Returns the time of day, in UTC."""
    return datetime.now(UTC)
