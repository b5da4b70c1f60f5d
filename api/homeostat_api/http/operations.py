"""What a route declares of itself, beside its code, for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
ATTRIBUTE = "__operation__"


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    schema: Mapping[str, Any]
    description: str
    place: str = "query"  # or header


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of a route. ``schema``: a type that pydantic can describe, or a schema as it is."""

    description: str
    schema: Any = None
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    summary: str
    tag: str
    answers: Mapping[int, Answer]
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: Any = None
    body_types: tuple[str, ...] = ("application/json",)
    errors: tuple[int, ...] = ()
    form: Any = None  # the body as multipart/form-data, where that may be sent instead


def operation(
    summary: str,
    tag: str,
    answers: Mapping[int, Answer],
    *,
    description: str = "",
    parameters: tuple[Parameter, ...] = (),
    body: Any = None,
    body_types: tuple[str, ...] = ("application/json",),
    errors: tuple[int, ...] = (),
    form: Any = None,
) -> Callable[[F], F]:
    declared = Operation(summary, tag, answers, description, parameters, body, body_types, errors, form)

    def mark(responder: F) -> F:
        setattr(responder, ATTRIBUTE, declared)
        return responder

    return mark


LAST_LOOK = "X-Last-Look"
AGE = {
    LAST_LOOK: "Only where the answer may be out of date, since no operator runs or the cluster cannot be followed: when it was "
    "last looked at (RFC 3339, or `unknown`)."
}
ETAG = {"ETag": "The version, for If-Match."}
LIST_HEADERS = {"ETag": "Changes with the list.", "X-Total-Count": "Entries before limit and offset."}
