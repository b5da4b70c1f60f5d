"""The service over a YAML folder and its state, or over plain values, for the tests of the service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

from homeostat.accounts.actor import HOUSE, Actor
from homeostat.models.base import Key, Resource, Status
from homeostat.models.kinds import BY_KIND
from homeostat.service.changes import Changes
from homeostat.service.desk import Desk
from homeostat.service.journal import Journal
from homeostat.service.kinds.collection import Collection
from homeostat.service.service import Service
from homeostat.store.desired import FolderState, Workspace
from homeostat.store.merge import merge_patch
from tests.unit.operating import BORN, Shelf
from tests.unit.store_fixtures import Room

R = TypeVar("R", bound=Resource)

MIB = 2**20


@dataclass
class Allowed:
    """What the server allows."""

    state: Path
    image_folders: tuple[Path, ...] = ()
    named_sources: frozenset[str] = frozenset()
    max_replicas: int = 10
    max_upload: int = 64 * MIB
    uploads_elsewhere: str = ""
    max_exports: int = 2
    clustered: bool = False


@dataclass
class Served:
    """A service, and the room that it reads and writes."""

    room: Room
    allowed: Allowed = field(init=False)

    def __post_init__(self) -> None:
        self.allowed = Allowed(self.room.state.root)

    def service(self, namespace: str = "default", actor: Actor = HOUSE) -> Desk:
        """Returns what serves an actor."""
        return self.whole(namespace).asked_by(actor)

    def whole(self, namespace: str = "default") -> Service:
        store = self.room.store
        return Service(Workspace(store, FolderState(store), namespace), Changes(lambda: 0, lambda: False, 0.01), self.allowed)

    async def note(self, resource: Resource, status: Status) -> None:
        """Writes a status, as the operator does."""
        await self.room.store.write_status(resource.key, resource.metadata.uid, status)

    async def have(self, kind: Collection[R], name: str, spec: Mapping[str, Any], status: Status | None = None) -> R:
        """Makes a resource, with a status where one is given."""
        made = await kind.make(name, spec)
        if status is not None:
            await self.note(made, status)
        return await kind.get(name)


class Written(Shelf):
    """Resources as plain values, which requests change: for what does not depend on a folder, and much quicker."""

    async def create(self, kind: str, document: Mapping[str, Any], author: str, dry: bool = False) -> Resource:
        made = BY_KIND[kind].model_validate(document)
        if not dry:
            self.put(made)
        return made

    async def patch(
        self, key: Key, patch: Mapping[str, Any], author: str, expected_version: str | None = None, dry: bool = False
    ) -> Resource:
        known = self.resources[key]
        changed = type(known).model_validate(merge_patch(known.dump(), patch))
        if not dry:
            self.put(changed)
        return changed

    async def delete(self, key: Key, author: str, force: bool = False) -> None:
        known = self.resources[key]
        self.put(known.model_copy(update={"metadata": known.metadata.model_copy(update={"deletion_timestamp": BORN})}))

    def desk(self, state: Path, actor: Actor = HOUSE, **allowed: Any) -> Desk:
        """Returns what serves an actor. The state folder need not be there."""
        return self.service(state, **allowed).asked_by(actor)

    def service(self, state: Path, journal: Journal | None = None, **allowed: Any) -> Service:
        """Returns what serves all."""
        workspace: Any = SimpleNamespace(store=self, desired=self, namespace="default")
        return Service(workspace, Changes(lambda: 0, lambda: False, 0.01), Allowed(state, **allowed), journal)


def resource(kind: type[R], name: str, spec: Mapping[str, Any] | None = None, /, **status: Any) -> R:
    """Returns a resource of the default namespace, with a status where one is given."""
    document = {"metadata": {"name": name, "uid": f"uid-{name}", "generation": 1}, "spec": dict(spec or {})}
    return kind.model_validate({**document, **({"status": {"observedGeneration": 1, **status}} if status else {})})


def condition(type: str, status: str, message: str = "", reason: str = "Said") -> dict[str, Any]:
    return {"type": type, "status": status, "reason": reason, "message": message, "lastTransitionTime": BORN}


async def arriving(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def disk_of(size: int) -> bytes:
    """Returns the bytes of a disk with a boot sector."""
    return (b"boot" * 128)[:510] + b"\x55\xaa" + (b"disk" * (size // 4))[: size - 512]
