"""What `homeostat up` shows, updated from the index: only what was written since the last time is read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from homeostat.models.base import Key, Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.machine import VirtualMachine
from homeostat.models.plugin import Plugin

from .sights import Sight, sight_of

if TYPE_CHECKING:
    from homeostat.runtime.engine.ports import Event
    from homeostat.store.files.store import FilesStore

EVENTS_SHOWN = 60
SHOWN = (VirtualMachine, VirtualMachineDeployment, Plugin)
_SHOWN_KINDS = frozenset(kind.KIND for kind in SHOWN)


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything that there is to show at one moment. ``errors`` are those of the YAML folder, ``held`` are its deletions that
    wait for a confirmation, and ``failing`` are the operator's own failures."""

    machines: Sequence[Sight]
    events: Sequence[Event]
    errors: Sequence[str]
    deployments: Sequence[Sight] = ()
    plugins: Sequence[Sight] = ()
    failing: Sequence[str] = ()
    held: Sequence[str] = ()

    @property
    def resources(self) -> Sequence[Sight]:
        return (*self.plugins, *self.deployments, *self.machines)

    @property
    def ready(self) -> int:
        return sum(machine.ready for machine in self.machines)

    @property
    def summary(self) -> str:
        rolled_out = sum(deployment.ready for deployment in self.deployments)
        parts = [f"{_count(len(self.machines), 'machine')}, {self.ready} ready"]
        if self.deployments:
            parts.append(f"{_count(len(self.deployments), 'deployment')}, {rolled_out} rolled out")
        if self.errors:
            parts.append(f"{_count(len(self.errors), 'error')} in the YAML")
        if self.held:
            parts.append("deletions are held")
        return ", ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


class Moments:
    """Reads the index of one store. It costs one PRAGMA where nobody has written to the index."""

    def __init__(self, store: FilesStore) -> None:
        self._store = store
        self._watcher = store.index.connect()  # a connection of its own: SQLite does not report a connection's own writes to it
        self._generation = store.index.generation
        self._seen = -1
        self._cursor = 0
        self._sights: dict[Key, Sight] = {}
        self._events: list[Event] = []
        self.current = Moment((), (), ())

    async def refresh(self) -> bool:
        """Brings ``current`` up to date. Returns whether anything was written since the last time."""
        if self._generation != self._store.index.generation:  # another file took its place
            self._generation, self._seen, self._cursor = self._store.index.generation, -1, 0
            self._watcher = self._store.index.connect()
        now = int(self._watcher.execute("PRAGMA data_version").fetchone()[0])
        if now == self._seen:
            return False
        self._seen = now
        await self._read_resources()
        last = self._events[-1].id if self._events else 0
        fresh = await asyncio.to_thread(self._store.events, last, None, 1000 if last else EVENTS_SHOWN)
        errors = await asyncio.to_thread(self._store.errors)
        self._events = [*self._events[-EVENTS_SHOWN:], *fresh]
        self.current = Moment(
            self._of(VirtualMachine),
            self._events,
            [str(error) for error in errors if error.severity == "Error"],
            self._of(VirtualMachineDeployment),
            self._of(Plugin),
            held=[str(error) for error in errors if error.severity == "Held"],
        )
        return True

    async def _read_resources(self) -> None:
        index = self._store.index
        newest = index.version()  # read first: what is written from here on is read the next time
        if self._cursor == 0:
            self._sights = {resource.key: sight_of(resource) for kind in SHOWN for resource in await self._store.list(kind)}
        else:
            for key in self._store.touched(self._cursor):
                if key.kind not in _SHOWN_KINDS:
                    continue
                resource = await self._store.get(Resource, key)
                if resource is None:
                    self._sights.pop(key, None)
                else:
                    self._sights[key] = sight_of(resource)
        self._cursor = max(newest, 1)

    def _of(self, kind: type[Resource]) -> list[Sight]:
        return [sight for key, sight in self._sights.items() if key.kind == kind.KIND]
