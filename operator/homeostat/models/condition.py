"""Conditions as Kubernetes defines them (metav1.Condition), and the one function that sets them.

Every kind has the three conditions of kstatus: Ready, Reconciling, Stalled.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Protocol

from pydantic import BeforeValidator, Field, JsonValue

from .model import Model
from .outside import tellable

ConditionStatus = Literal["True", "False", "Unknown"]

StatusText = Annotated[str, BeforeValidator(lambda text: tellable(text) if isinstance(text, str) else text)]
"""A text in a status. It leaves the program, so it holds no secret of a URL."""

READY = "Ready"
RECONCILING = "Reconciling"
STALLED = "Stalled"

DATE_TIME: dict[str, JsonValue] = {"format": "date-time"}


def _time_without_default(schema: dict[str, Any]) -> None:
    """Removes the default, which means "not set yet": it is not a time."""
    schema.pop("default", None)
    schema.update(DATE_TIME)


class Condition(Model):
    """One aspect of a resource: whether it holds, and why."""

    type: str = Field(description="Which aspect.")
    status: ConditionStatus = Field(description="Whether it holds.")
    reason: str = Field(description="One CamelCase word, for programs.")
    message: StatusText = Field(default="", description="For people: what is so, and what to do next.")
    last_transition_time: str = Field(
        default="", description="When status last changed (RFC 3339, UTC).", json_schema_extra=_time_without_default
    )
    observed_generation: int = Field(default=0, description="The generation of the spec that it speaks of.")


class Say(Protocol):
    def __call__(self, type: str, status: bool | ConditionStatus, reason: str, message: str = "") -> Condition: ...


def sayer(generation: int) -> Say:
    """Returns a function that makes conditions about that generation of a spec."""

    def say(type: str, status: bool | ConditionStatus, reason: str, message: str = "") -> Condition:
        word: ConditionStatus = status if isinstance(status, str) else "True" if status else "False"
        return Condition(type=type, status=word, reason=reason, message=message, observed_generation=generation)

    return say


def merge_conditions(before: Iterable[Condition], after: Iterable[Condition], now: str) -> tuple[Condition, ...]:
    """Returns ``after``. Where a status did not change, lastTransitionTime is the one in ``before``."""
    known = {c.type: c for c in before}
    merged = []
    for condition in after:
        old = known.get(condition.type)
        since = old.last_transition_time if old and old.status == condition.status else now
        merged.append(condition.model_copy(update={"last_transition_time": since}))
    return tuple(merged)


class Conditioned(Protocol):
    """A status."""

    @property
    def conditions(self) -> tuple[Condition, ...]: ...


def holds(status: Conditioned | None, type: str) -> bool:
    """Tells whether a status says that something is so. None: it says nothing yet."""
    found = find_condition(status.conditions, type) if status is not None else None
    return found is not None and found.status == "True"


def find_condition(conditions: Iterable[Condition], type: str) -> Condition | None:
    return next((c for c in conditions if c.type == type), None)
