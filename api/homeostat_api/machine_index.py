"""All machines as lists show them: each rendered once per change of it, so that a change of one costs one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from homeostat.models.machine import VirtualMachine
from homeostat.store.files.index import Row
from homeostat.store.files.store import FilesStore

from . import views
from .changes import Changes
from .machines import NAMESPACE, Machines
from .media import dumps


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
            for row in self._store.rows(VirtualMachine.KIND, NAMESPACE):
                entry = known.get(row.name)
                if entry is None or (entry.row.uid, entry.row.version) != (row.uid, row.version):
                    entry = await self._entry(row)
                if entry is not None:
                    fresh[row.name] = entry
            self._entries, self._version = fresh, version
        return version, tuple(self._entries.values())

    async def _entry(self, row: Row) -> Entry | None:
        machine = await self._machines.find(row.name)
        if machine is None:  # gone since the rows were read
            return None
        shown = views.summary(machine)
        return Entry(row, shown["plugin"], shown["status"], dumps(shown))
