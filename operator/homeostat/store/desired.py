"""Where desired state is written: to the YAML folder, or to a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from homeostat.models.base import Key, Resource
from homeostat.store.files.store import FilesStore
from homeostat.store.index.store import IndexedStore
from homeostat.store.three_way import Applied


class DesiredState(Protocol):
    """Writes desired state. Every method raises StoreError where it changed nothing. ``dry``: it writes nothing, and returns what
    would be there. ``expected_version``: the resourceVersion that it was made from; for ``apply`` also ABSENT."""

    async def create(self, kind: str, document: Mapping[str, Any], author: str, dry: bool = False) -> Resource: ...

    async def apply(
        self, resource: Resource, author: str, whole: bool = False, dry: bool = False, expected_version: str | None = None
    ) -> Applied: ...

    async def patch(
        self,
        key: Key,
        merge_patch: Mapping[str, Any],
        author: str,
        expected_version: str | None = None,
        dry: bool = False,
    ) -> Resource: ...

    async def delete(self, key: Key, author: str, force: bool = False) -> None: ...


@dataclass(frozen=True, slots=True)
class Workspace:
    """The resources of one namespace: where they are read, and where they are written."""

    store: IndexedStore
    desired: DesiredState
    namespace: str


class FolderState:
    """The desired state in a YAML folder. An edit waits for the disk, so it runs in a thread."""

    def __init__(self, store: FilesStore) -> None:
        self._store = store

    async def create(self, kind: str, document: Mapping[str, Any], author: str, dry: bool = False) -> Resource:
        return await asyncio.to_thread(self._store.create, kind, document, author, dry=dry)

    async def apply(
        self, resource: Resource, author: str, whole: bool = False, dry: bool = False, expected_version: str | None = None
    ) -> Applied:
        return await asyncio.to_thread(self._store.apply, resource, author, whole, dry, expected_version)

    async def patch(
        self,
        key: Key,
        merge_patch: Mapping[str, Any],
        author: str,
        expected_version: str | None = None,
        dry: bool = False,
    ) -> Resource:
        return await asyncio.to_thread(self._store.patch, key, merge_patch, author, expected_version, dry=dry)

    async def delete(self, key: Key, author: str, force: bool = False) -> None:
        await asyncio.to_thread(self._store.delete, key, author, force)
