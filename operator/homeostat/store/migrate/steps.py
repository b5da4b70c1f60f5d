"""A migration as data: what is to be done, in order, or why it cannot be done. Each step may be done twice without harm."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from homeostat.models.base import Key, Resource, Status
from homeostat.models.condition import Condition
from homeostat.models.disk import Disk
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.models.snapshot import Snapshot
from homeostat.store.errors import StoreError

IDENTIFIED = (VirtualMachine, Disk, Image, Network, Snapshot)
"""The kinds of which a host knows something by their identity."""
R = TypeVar("R", bound=Resource)
Part = TypeVar("Part", Status, Condition)


@dataclass(frozen=True, slots=True)
class MakeNamespace:
    name: str


@dataclass(frozen=True, slots=True)
class PutResource:
    """Puts a resource into the cluster, with its status."""

    resource: Resource
    finalizers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HoldResource:
    """Makes the controller leave a deployment or a schedule alone."""

    key: Key


@dataclass(frozen=True, slots=True)
class LetGoResource:
    """Lets the controller look after it again."""

    key: Key


@dataclass(frozen=True, slots=True)
class WriteDocument:
    """Writes a document into the folder."""

    resource: Resource


@dataclass(frozen=True, slots=True)
class HandOver:
    """Makes the state serve the other side from now on. ``index``: what has no document, and everything that has a status."""

    index: tuple[Resource, ...] = ()


@dataclass(frozen=True, slots=True)
class ReleaseObject:
    """Removes an object from the cluster. What runs stays."""

    key: Key
    uid: str


Step = MakeNamespace | PutResource | HoldResource | LetGoResource | WriteDocument | HandOver | ReleaseObject


@dataclass(frozen=True, slots=True)
class Migration:
    """The plan. ``refusals``: while there are any, nothing is done. ``notes``: what stays as it is."""

    steps: tuple[Step, ...] = ()
    refusals: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class MigrationRefused(StoreError):
    """The migration was refused, and nothing was changed."""

    def __init__(self, refusals: Sequence[str]) -> None:
        super().__init__("nothing was changed:" + "".join(f"\n  - {reason}" for reason in refusals))


def identity_of(resource: Resource) -> str:
    """Returns namespace/name/uid, as the annotation has it."""
    uid = resource.identity if isinstance(resource, IDENTIFIED) else resource.metadata.uid
    return f"{resource.metadata.namespace}/{resource.metadata.name}/{uid}"


def uid_in_folder(instance: uuid.UUID, key: Key) -> str:
    """Returns the uid that a resource of a folder has."""
    return str(uuid.uuid5(instance, str(key)))


def with_annotations(resource: R, change: Mapping[str, str | None]) -> R:
    """Returns the resource with changed annotations. ``None`` removes one."""
    changed = {**resource.metadata.annotations, **change}
    noted = {name: text for name, text in changed.items() if text is not None}
    return resource.model_copy(update={"metadata": resource.metadata.model_copy(update={"annotations": noted})})


def carried_status(resource: Resource, generation: int) -> Status | None:
    """Returns the status, with the generation that the spec has on the other side."""
    if resource.status is None:
        return None

    def moved(part: Part) -> Part:
        current = part.observed_generation == resource.metadata.generation
        return part.model_copy(update={"observed_generation": generation if current else 0})

    whole = moved(resource.status)
    return whole.model_copy(update={"conditions": tuple(moved(c) for c in whole.conditions)})
