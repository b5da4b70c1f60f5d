"""Refusals in the audit: who is refused again and again does not fill it. Equal refusals of one actor within a minute are one
entry, with how many they were; of those that differ a few a minute are noted one by one, and the others counted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from .database.tables import AuditRow

MINUTE = timedelta(minutes=1)
TOLD_MAX = 20  # different ones of one actor that are noted one by one within a minute
KEPT_MAX = 100_000
MORE = {
    "verb": "any",
    "kind": "Request",
    "namespace": "",
    "name": "",
    "message": f"more than {TOLD_MAX} different refusals within a minute: these are counted only",
}
_ACTOR = ("how", "account", "token", "address")
_ACT = ("verb", "kind", "namespace", "name", "message")


def noted_once(session: Session, now: datetime, columns: dict[str, Any]) -> dict[str, Any] | None:
    """Returns the entry to add for a refusal. None: it was counted in one that is there. The caller is the only one who adds."""
    actor = [getattr(AuditRow, name) == columns[name] for name in _ACTOR]
    recent = select(AuditRow).where(*actor, AuditRow.outcome == "Refused", AuditRow.at > now - MINUTE, AuditRow.at <= now)
    told = list(session.scalars(recent.order_by(AuditRow.id.desc()).limit(TOLD_MAX + 1)))
    wanted = columns if len(told) < TOLD_MAX else {**columns, **MORE}
    for candidate in (columns, wanted):
        for row in told:
            if all(getattr(row, name) == candidate[name] for name in _ACT):
                row.count, row.last = row.count + 1, now
                return None
    return wanted


def forget_beyond(session: Session, most: int = KEPT_MAX) -> None:
    """Removes the oldest refusals: of all others more are kept."""
    refused = select(AuditRow.id).where(AuditRow.outcome == "Refused")
    last = session.scalar(refused.order_by(AuditRow.id.desc()).offset(most).limit(1))
    if last is not None:
        session.execute(delete(AuditRow).where(AuditRow.outcome == "Refused", AuditRow.id <= last))
