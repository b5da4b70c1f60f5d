"""What the runtime stands on, as protocols: a store of resources (one per mode) and a driver per host."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

from homeostat.models.base import Key, Model, Resource
from homeostat.models.outside import tellable
from homeostat.planner.actions import Action, ImageRef
from homeostat.planner.observed import HostFacts, KeptDisks, ObservedChain, ObservedDomain, ObservedStorage, Secret, Usage
from homeostat.planner.orphans import MachineFolder
from homeostat.planner.trash import Space, TrashEntry

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


@dataclass(frozen=True, slots=True)
class Revision:
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


class ResourceStore(Protocol):
    """Desired state in, status and events out. Both modes speak it. Every method may raise StoreFailure."""

    async def get(self, kind: type[R], key: Key) -> R | None:
        """The resource with its status, also while it is being deleted; None when there is none. ``kind``: Resource where any
        will do; else the key is of that kind."""

    async def list(self, kind: type[R], namespace: str | None = None) -> Sequence[R]: ...

    def changes(self) -> AsyncIterator[Key]:
        """Every resource once, then each again whenever its metadata or spec changed. Statuses are not reported."""

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


class GuestAgents(Protocol):
    """The QEMU guest agents of one host's guests. Both raise DriverError where there is no agent, and TimeoutError where it has
    not answered within so many seconds; the time until it is asked does not count."""

    async def ping(self, uuid: str, timeout: float) -> None: ...

    async def run(self, uuid: str, command: Sequence[str], timeout: float) -> int:
        """The exit code of a command."""


class HostDriver(Protocol):
    """One libvirt host. Reads come from its inventory, which events keep fresh; they cost no libvirt call."""

    @property
    def facts(self) -> HostFacts: ...

    @property
    def agent(self) -> GuestAgents: ...

    def domain(self, uuid: str) -> ObservedDomain | None: ...

    def domain_named(self, name: str) -> ObservedDomain | None: ...

    def domains(self) -> Sequence[ObservedDomain]: ...

    def addresses(self, macs: Sequence[str], run: str | None = None) -> Mapping[str, Sequence[tuple[str, str]]]:
        """MAC -> (ip, source) pairs of that run of the domain (None: of the present one), source being Lease, Agent or Arp. Ask
        for nics on libvirt networks only: an address that is missing is looked for from then on, and its coming told as a change
        of the domain."""

    def recall(self, run: str, told: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        """What an operator before us found out of that run, as ``addresses`` has it: true until a look says otherwise."""

    def usage(self) -> Mapping[str, Usage]:
        """By domain name; our own domains only."""

    @property
    def calls(self) -> int:
        """libvirt calls made so far."""

    def subscribe(self, changed: Callable[[str | None], None]) -> None:
        """``changed(uuid)`` after a domain's observation changed; ``changed(None)`` after the whole host's did (facts,
        reconnect)."""

    def subscribe_images(self, changed: Callable[[str, bool], None]) -> None:
        """``changed(key, fetching)`` when the image with that ImageRef.key progressed (only then ``fetching``), came, failed, or
        may be asked for again."""

    async def storage(
        self, images: Sequence[ImageRef], disks: Sequence[str], seeds: Sequence[str], directory: str
    ) -> ObservedStorage: ...

    def secret(self, path: str) -> Secret | None:
        """What a password file holds; None where it is not to be read."""

    async def chains(
        self, sources: Sequence[str], disks: Sequence[str], named: Sequence[str] = ()
    ) -> Mapping[str, ObservedChain]:
        """By source; what is one of ``disks`` is named so, see ObservedChain. Headers may name ``named`` and our own files."""

    async def overlays(self, disks: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """See ObservedStorage. Raises DriverError."""

    async def kept_disks(self, namespace: str, deployment: str, owner: str) -> Sequence[KeptDisks]:
        """What is noted down there as kept for the next machines of a deployment, whose uid is ``owner``. Raises DriverError."""

    async def machine_folders(self) -> Sequence[MachineFolder]:
        """All of the storage, whether a resource knows of them or not. Raises DriverError."""

    async def execute(self, action: Action) -> None:
        """Carries one action out, and refreshes what it changed.

        Raises:
            DriverError: it could not be done (see homeostat.driver.errors).
        """

    async def prune_images(self, used: Callable[[], Collection[str]]) -> Sequence[str]:
        """Removes old images from the host's cache that no disk and no domain refers to, and that are not in ``used()``
        (ImageRef.keys), which is asked at the very last. Returns what was removed.

        Raises:
            DriverError: it is not known what is in use; nothing was removed.
        """

    async def leftovers(self, directory: str) -> Sequence[str]:
        """The files in a machine's folder, by name. Raises DriverError."""

    async def trash(self, directory: str | None = None) -> Sequence[TrashEntry]:
        """What is set aside there: of machines whose folder is ``directory``, or all of it, oldest first. Raises DriverError."""

    async def space(self) -> Space:
        """Of the file system that holds the trash. Raises DriverError."""

    async def erase(self, entry: str) -> None:
        """Erases what was set aside for good. Raises DriverError."""

    async def refresh(self, uuid: str) -> None:
        """Reads one domain again."""
