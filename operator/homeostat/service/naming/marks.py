"""What a resource keeps of the names that a contract gave it: an id that no other resource gets, and the name as it was asked
for. Contracts make nothing that another resource owns: what such a one says came from a template, and is not believed."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from homeostat.models.base import API_GROUP, NAME_MAX, NAME_PATTERN, Resource

from ..refusals import AmbiguousId

R = TypeVar("R", bound=Resource)

ID = f"{API_GROUP}/id"
"""A label. Only the service writes it, when it makes the resource."""
GIVEN_NAME = f"{API_GROUP}/given-name"
"""An annotation, where the name that was asked for cannot be a resource's."""
_NO_PART = re.compile("[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Marks:
    """Labels and annotations that only the service may write."""

    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)


NO_MARKS = Marks()


def marks_of(given: str, name: str = "") -> Marks:
    """Returns the marks of a new resource that a contract calls ``given``. ``name``: its own, where it is another one than
    ``resource_name`` makes."""
    named = {} if (name or resource_name(given)) == given else {GIVEN_NAME: given}
    return Marks({ID: str(uuid.uuid4())}, named)


def resource_name(given: str) -> str:
    """Returns what a resource is called that a contract calls ``given``: the same, where that can be. Two names never become
    one, but by a collision of their hashes."""
    if len(given) <= NAME_MAX and re.fullmatch(NAME_PATTERN, given):
        return given
    digest = hashlib.sha256(given.encode()).hexdigest()[:10]
    readable = _NO_PART.sub("-", given.lower()).strip("-")[: NAME_MAX - len(digest) - 1].strip("-")
    return f"{readable}-{digest}" if readable else f"x-{digest}"


def id_of(resource: Resource) -> str:
    """Returns the id of a resource. One that no contract made has its uid, which one of the same name in a folder may have had
    before it."""
    return (resource.metadata.labels.get(ID) if resource.owner is None else None) or resource.metadata.uid


def sole(found: Sequence[R]) -> R | None:
    """Returns the one resource of an id. None: there is none.

    Raises:
        AmbiguousId: there are several.
    """
    if len(found) > 1:
        raise AmbiguousId(id_of(found[0]), [one.metadata.name for one in found])
    return found[0] if found else None


def given_name(resource: Resource) -> str:
    """Returns what a resource was called by whoever made it."""
    return (resource.metadata.annotations.get(GIVEN_NAME) if resource.owner is None else None) or resource.metadata.name
