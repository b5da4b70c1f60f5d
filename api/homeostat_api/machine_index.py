"""All machines as lists show them: each rendered once per change of it, so that a change of one costs one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from homeostat.models.machine import VirtualMachine
from homeostat.store.files.index import Row
from homeostat.store.files.store import FilesStore

from . import views
from .changes import Changes
from .machines import NAMESPACE, Machines, key_of
from .media import dumps

# Reads no spec and no status: with one machine changed of a thousand, this is most of the work.
_VERSIONS = "SELECT name, uid, version FROM resources WHERE kind=? AND namespace=? ORDER BY name"


@dataclass(slots=True)
class Entry:
    row: Row
    plugin: str | None
    status: str
    summary: bytes
    _whole: bytes | None = None

    @property
    def whole(self) -> bytes:
        """The whole resource, rendered when somebody wants it."""
        if self._whole is None:
            self._whole = dumps(self.row.document_form())
        return self._whole


class MachineIndex:
    def __init__(self, store: FilesStore, machines: Machines, changes: Changes) -> None:
        self._store = store
        self._machines = machines
        self._changes = changes
        self._version: int | None = None
        self._entries: dict[str, Entry] = {}

    async def entries(self) -> tuple[int, Sequence[Entry]]:
        """By name; and the version of the index that they are of, at least."""
        version = self._changes.version()
        if version != self._version:
            known, fresh = self._entries, {}
            for name, uid, row_version in self._store.index.read(_VERSIONS, (VirtualMachine.KIND, NAMESPACE)):
                entry = known.get(name)
                if entry is None or (entry.row.uid, entry.row.version) != (uid, row_version):
                    entry = await self._entry(name)
                if entry is not None:
                    fresh[name] = entry
            self._entries, self._version = fresh, version
        return version, tuple(self._entries.values())

    async def _entry(self, name: str) -> Entry | None:
        row = self._store.index.row(key_of(name))
        machine = await self._machines.find(name)
        if row is None or machine is None:  # gone meanwhile
            return None
        shown = views.summary(machine)
        return Entry(row, shown["plugin"], shown["status"], dumps(shown))
