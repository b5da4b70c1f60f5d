"""The clock of the tests of accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass
class SetClock:
    """A time of day that stands still until it is set."""

    now: datetime = field(default_factory=lambda: datetime(2026, 11, 27, 12, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def go(self, **much: float) -> None:
        self.now += timedelta(**much)
