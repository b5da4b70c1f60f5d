"""What waits to be carried out, as the statuses of machines and of Networks have it: each field with its class and the reason."""

from __future__ import annotations

from collections.abc import Sequence

from homeostat.models.machine import PendingChange
from homeostat.planner.changes.why import reason_of
from homeostat.planner.plan import Change


def pending_changes(changes: Sequence[Change]) -> tuple[PendingChange, ...]:
    """Returns the changes as a status has them. Pure."""
    return tuple(
        PendingChange(field=c.field, old=c.old, new=c.new, disruption=c.disruption.word, reason=reason_of(c))  # type: ignore[arg-type]
        for c in changes
    )
