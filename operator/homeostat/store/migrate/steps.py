"""A migration as data: what is to be done, in order, and why it cannot be. Each step may be done twice without harm."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from homeostat.models.base import Key, Resource, Status
from homeostat.models.condition import Condition
from homeostat.models.machine import VirtualMachine
from homeostat.store.errors import StoreError

R = TypeVar("R", bound=Resource)
Part = TypeVar("Part", Status, Condition)


@dataclass(frozen=True, slots=True)
class MakeNamespace:
    name: str


@dataclass(frozen=True, slots=True)
class PutResource:
    """Into the cluster, with its status."""

    resource: Resource
    finalizers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HoldDeployment:
    """Its controller looks away."""

    key: Key


@dataclass(frozen=True, slots=True)
class LetGoDeployment:
    """Its controller looks after it again."""

    key: Key


@dataclass(frozen=True, slots=True)
class WriteDocument:
    """Into the folder."""

    resource: Resource


@dataclass(frozen=True, slots=True)
class HandOver:
    """The state serves the other side from here on. ``index``: what has no document, and all that has a status."""

    index: tuple[Resource, ...] = ()


@dataclass(frozen=True, slots=True)
class ReleaseObject:
    """Out of the cluster; what runs stays."""

    key: Key
    uid: str


Step = MakeNamespace | PutResource | HoldDeployment | LetGoDeployment | WriteDocument | HandOver | ReleaseObject


@dataclass(frozen=True, slots=True)
class Migration:
    """``refusals``: while there are any, nothing is done. ``notes``: what is left as it is."""

    steps: tuple[Step, ...] = ()
    refusals: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class MigrationRefused(StoreError):
    """Nothing was changed."""

    def __init__(self, refusals: Sequence[str]) -> None:
        super().__init__("nothing was changed:" + "".join(f"\n  - {reason}" for reason in refusals))


def identity_of(resource: Resource) -> str:
    """namespace/name/uid, as the annotation says it."""
    uid = resource.identity if isinstance(resource, VirtualMachine) else resource.metadata.uid
    return f"{resource.metadata.namespace}/{resource.metadata.name}/{uid}"


def uid_in_folder(instance: uuid.UUID, key: Key) -> str:
    """The uid that a resource of a folder has."""
    return str(uuid.uuid5(instance, str(key)))


def with_annotations(resource: R, change: Mapping[str, str | None]) -> R:
    """``None`` takes an annotation away."""
    changed = {**resource.metadata.annotations, **change}
    noted = {name: text for name, text in changed.items() if text is not None}
    return resource.model_copy(update={"metadata": resource.metadata.model_copy(update={"annotations": noted})})


def carried_status(resource: Resource, generation: int) -> Status | None:
    """The status as it stands, speaking of the generation that the spec has over there."""
    if resource.status is None:
        return None

    def moved(part: Part) -> Part:
        current = part.observed_generation == resource.metadata.generation
        return part.model_copy(update={"observed_generation": generation if current else 0})

    whole = moved(resource.status)
    return whole.model_copy(update={"conditions": tuple(moved(c) for c in whole.conditions)})
