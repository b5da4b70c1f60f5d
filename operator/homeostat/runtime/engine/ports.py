"""What the runtime needs, as protocols: a store of resources, with one implementation per mode."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

from homeostat.models.base import Key, Model, Resource
from homeostat.models.outside import tellable, tellable_all

EventType = Literal["Normal", "Warning"]
R = TypeVar("R", bound=Resource)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a resource. ``id`` grows with time within one store. ``time`` is RFC 3339, UTC."""

    id: int
    time: str
    key: Key
    type: EventType
    reason: str  # CamelCase: Created, Started, Stopped, Deleted, HealthChanged, Failed ...
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)  # for programs, such as ip or plugin
    count: int = 1  # repeated events raise this count


@dataclass(frozen=True, slots=True)
class Happening:
    """An event that will be recorded; see Event."""

    type: EventType
    reason: str
    message: str
    fields: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", tellable(self.message))
        object.__setattr__(self, "fields", tellable_all(self.fields))


@dataclass(frozen=True, slots=True)
class SpecRevision:
    """One change of a spec, field by field. ``changes`` maps a dotted field to (old, new). None: the resource was created."""

    key: Key
    generation: int
    time: str
    author: str  # api, cli, or the git author
    changes: Mapping[str, tuple[Any, Any]] | None
    commit: str | None = None


class StoreFailure(Exception):
    """A store raises it on purpose. It says what is wrong, in words for people, and the act may be tried again."""


class Outpaced(StoreFailure):
    """Others wrote in between, at each try. Nothing refused the act: the next look begins with what they wrote."""


class Unreadable(StoreFailure):
    """A resource exists, but is not what its kind allows. Somebody has to correct it."""


class ResourceAccess(Protocol):
    """Reads desired state, and writes statuses and events. Every method may raise StoreFailure."""

    async def get(self, kind: type[R], key: Key) -> R | None:
        """Returns the resource with its status, also while it is being deleted. None: there is none. ``kind``: Resource where any
        kind will do; otherwise the key must be of that kind."""

    async def list(self, kind: type[R], namespace: str | None = None) -> Sequence[R]: ...

    async def newer(self, kind: type[R], namespace: str, known: Mapping[str, int]) -> tuple[Mapping[str, int], Sequence[R]]:
        """Returns the version of every resource by name, and the resources whose version is not the ``known`` one. A version is a
        number that changes with each write, that of a status included. Resources that their models refuse are left out."""

    async def write_status(self, key: Key, uid: str, status: Model) -> None:
        """Replaces the status. Does nothing where it is equal, or the resource has gone."""

    async def report(self, key: Key, uid: str, status: Model | None, happenings: Sequence[Happening]) -> None:
        """Records the events and replaces the status (None: it stays), in one step where the store can."""

    async def release(self, key: Key, uid: str) -> None:
        """Removes our finalizer: the teardown is complete, and the resource may go."""

    async def apply_owned(self, resource: Resource) -> None:
        """Creates a resource that another one owns (metadata.ownerReferences), or sets its labels, annotations and spec. Does
        nothing where nothing differs, or where it is being deleted."""

    async def delete_owned(self, key: Key, annotations: Mapping[str, str]) -> None:
        """Starts the deletion of a resource that another one owns, with annotations for its teardown. Does nothing where it has
        gone."""

    async def record_event(
        self, key: Key, type: EventType, reason: str, message: str, fields: Mapping[str, Any] | None = None
    ) -> None: ...


class ResourceStore(ResourceAccess, Protocol):
    """The store that an operator works on, in both modes."""

    def changes(self) -> AsyncIterator[Key]:
        """Yields every resource once, then each again whenever its metadata or spec changed. Does not yield changes of
        statuses."""
