"""What the runtime stands on, as protocols: a store of resources (one per mode) and a driver per host."""

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
    """Something that happened to a resource. ``id`` grows with time within one store; ``time`` is RFC 3339, UTC."""

    id: int
    time: str
    key: Key
    type: EventType
    reason: str  # CamelCase: Created, Started, Stopped, Deleted, HealthChanged, Failed ...
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)  # for programs, such as ip or plugin
    count: int = 1  # repeated events are counted up, not repeated


@dataclass(frozen=True, slots=True)
class Happening:
    """An event to be recorded; see Event."""

    type: EventType
    reason: str
    message: str
    fields: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", tellable(self.message))
        object.__setattr__(self, "fields", tellable_all(self.fields))


@dataclass(frozen=True, slots=True)
class SpecRevision:
    """One change of a spec, field by field. ``changes`` maps a dotted field to (old, new); None for the creation."""

    key: Key
    generation: int
    time: str
    author: str  # api, cli, or the git author
    changes: Mapping[str, tuple[Any, Any]] | None
    commit: str | None = None


class StoreFailure(Exception):
    """What a store raises on purpose: it says what is wrong, in words for people, and may be tried again."""


class Unreadable(StoreFailure):
    """A resource is there, but is not what its kind allows: somebody has to mend it."""


class ResourceAccess(Protocol):
    """Desired state in, status and events out. Every method may raise StoreFailure."""

    async def get(self, kind: type[R], key: Key) -> R | None:
        """The resource with its status, also while it is being deleted; None when there is none. ``kind``: Resource where any
        will do; else the key is of that kind."""

    async def list(self, kind: type[R], namespace: str | None = None) -> Sequence[R]: ...

    async def write_status(self, key: Key, uid: str, status: Model) -> None:
        """Replaces the status; without effect when it is the same or the resource has gone."""

    async def report(self, key: Key, uid: str, status: Model | None, happenings: Sequence[Happening]) -> None:
        """Records the events and replaces the status (None: it is as it was), in one step where the store can."""

    async def release(self, key: Key, uid: str) -> None:
        """Removes our finalizer: teardown is complete and the resource may go."""

    async def apply_owned(self, resource: Resource) -> None:
        """Creates a resource that another one owns (metadata.ownerReferences), or brings its labels, annotations and spec to
        this; without effect when nothing differs or when it is being deleted."""

    async def delete_owned(self, key: Key, annotations: Mapping[str, str]) -> None:
        """Starts the deletion of a resource that another one owns, with notes for its teardown; no effect when it is gone."""

    async def record_event(
        self, key: Key, type: EventType, reason: str, message: str, fields: Mapping[str, Any] | None = None
    ) -> None: ...


class ResourceStore(ResourceAccess, Protocol):
    """What an operator works on. Both modes speak it."""

    def changes(self) -> AsyncIterator[Key]:
        """Every resource once, then each again whenever its metadata or spec changed. Statuses are not reported."""
