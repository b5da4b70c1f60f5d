"""All resources of a kind as lists show them: each rendered once per change of it, so that one change renders one resource."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, cast

from homeostat.models.base import Resource
from homeostat.models.outside import redacted_all
from homeostat.service.changes import Changes
from homeostat.service.desk import Desk
from homeostat.service.kinds.collection import Collection, R
from homeostat.service.naming.marks import id_of, sole
from homeostat.service.naming.veil import SaidOfOthers, said_of
from homeostat.service.service import Service

from ..media import dumps


@dataclass(slots=True)
class Entry:
    name: str
    uid: str
    version: int
    document: Callable[[], Mapping[str, Any]]  # of the whole resource
    plugin: str | None
    made_of: int | None  # the plugin as it was
    status: str | None
    summary: bytes
    resource: Resource
    said: SaidOfOthers
    _whole: bytes | None = None

    @property
    def whole(self) -> bytes:
        """The whole resource, rendered when somebody asks for it; without secrets, because nobody writes a list back."""
        if self._whole is None:
            self._whole = dumps(redacted_all(self.document()))
        return self._whole


class KindIndexes:
    """The rendered resources of each kind, for all that show them whole: lists and watches. They are made when somebody asks."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._found: dict[type[Resource], KindIndex[Any]] = {}

    def of(self, kind: type[Resource]) -> KindIndex[Any]:
        """Returns those of a kind."""
        if kind not in self._found:
            self._found[kind] = KindIndex(self._service.house.of(kind), self._service.changes, named)
        return self._found[kind]


async def named(resource: Resource) -> Mapping[str, Any]:
    """Returns the summary of a resource that is shown whole."""
    return {"name": resource.metadata.name}


class KindIndex(Generic[R]):
    """The rendered resources. ``show`` gives the contract's form of a resource (None: it has none); ``plugins`` what changes
    with each plugin that it reads."""

    def __init__(
        self,
        collection: Collection[R],
        changes: Changes,
        show: Callable[[R], Awaitable[Mapping[str, Any]]] | None = None,
        plugins: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        self._collection = collection
        self._changes = changes
        self._show = show
        self._plugins = plugins
        self._version: int | None = None
        self._entries: dict[str, Entry] = {}

    async def entries(self) -> tuple[int, Sequence[Entry]]:
        """Returns the entries by name, and the version of the index that they show at least."""
        version = self._changes.version()
        if version != self._version:
            known, fresh, plugins = self._entries, {}, self._plugins()
            for name, uid, row_version in self._collection.versions():
                entry = known.get(name)
                if (
                    entry is None
                    or (entry.uid, entry.version) != (uid, row_version)
                    or (entry.plugin is not None and entry.made_of != plugins.get(entry.plugin))
                ):
                    entry = await self._entry(name, plugins)
                if entry is not None:
                    fresh[name] = entry
            self._entries, self._version = fresh, version
        return version, tuple(self._entries.values())

    async def resources(self) -> Sequence[R]:
        """Returns the resources by name, as the server itself sees them."""
        _, entries = await self.entries()
        return [cast(R, entry.resource) for entry in entries]

    async def of_id(self, asked: Collection[R], id: str | None) -> R | None:
        """Returns the resource that a contract calls by an id, as the actor of ``asked`` sees it. None: there is none.

        Raises:
            AmbiguousId: there are several, and nobody knows which is meant.
        """
        _, entries = await self.entries()
        found = [await asked.find(entry.name) for entry in entries if id_of(entry.resource) == id]
        return sole([one for one in found if one is not None and id_of(one) == id])

    async def seen_from(self, desk: Desk) -> tuple[int, Sequence[Entry]]:
        """Returns the entries that an actor sees, as he may read them, and the version of the index that they show at least."""
        version, entries = await self.entries()
        if desk.sees_all:
            return version, entries
        seen = await desk.asking.seen(entries, lambda entry: (self._collection.kind, entry.resource.metadata))
        told = await desk.readable([entry.resource for entry in seen], [entry.said for entry in seen])
        return version, [
            entry if resource is entry.resource else replace(entry, document=resource.dump, _whole=None)
            for entry, resource in zip(seen, told, strict=True)
        ]

    async def _entry(self, name: str, plugins: Mapping[str, int]) -> Entry | None:
        row = self._collection.row(name)
        resource = await self._collection.shown(name)
        if row is None or resource is None:  # gone by now
            return None
        shown = await self._show(resource) if self._show is not None else {}
        plugin = shown.get("plugin")
        made_of = plugins.get(plugin) if plugin else None
        status = shown.get("status")
        summary, said = dumps(shown), said_of(resource)
        return Entry(name, row.uid, row.version, row.document_form, plugin, made_of, status, summary, resource, said)
