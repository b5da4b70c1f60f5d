"""Conditions as Kubernetes defines them (metav1.Condition), and the one setter.

The kstatus three stand on every kind: Ready, Reconciling, Stalled.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from .base import Model

ConditionStatus = Literal["True", "False", "Unknown"]

READY = "Ready"
RECONCILING = "Reconciling"
STALLED = "Stalled"


class Condition(Model):
    type: str
    status: ConditionStatus
    reason: str = Field(description="One CamelCase word, for programs.")
    message: str = Field(default="", description="For people: what is so, and what to do next.")
    last_transition_time: str = Field(default="", description="When status last changed (RFC 3339, UTC).")
    observed_generation: int = 0


def merge_conditions(before: Iterable[Condition], after: Iterable[Condition], now: str) -> tuple[Condition, ...]:
    """``after``, with lastTransitionTime kept from ``before`` wherever the status did not change."""
    known = {c.type: c for c in before}
    merged = []
    for condition in after:
        old = known.get(condition.type)
        since = old.last_transition_time if old and old.status == condition.status else now
        merged.append(condition.model_copy(update={"last_transition_time": since}))
    return tuple(merged)


def find_condition(conditions: Iterable[Condition], type: str) -> Condition | None:
    return next((c for c in conditions if c.type == type), None)
