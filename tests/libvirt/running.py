"""The operator in this process, on a test host of its own, with a folder of small machines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from homeostat.assembly.standalone import Standalone, standalone
from homeostat.models.base import Key
from homeostat.models.condition import find_condition
from homeostat.models.machine import VirtualMachine
from tests.libvirt.hosts import isolated_uri

DOCUMENT = """apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachine
metadata: {{name: {name}}}
spec: {{resources: {{memory: 64Mi}}}}
"""


@dataclass(frozen=True)
class Running:
    parts: Standalone
    folder: Path

    def write(self, name: str) -> Path:
        path = self.folder / f"{name}.yaml"
        path.write_text(DOCUMENT.format(name=name))
        return path

    def machine(self, name: str) -> VirtualMachine | None:
        row = self.parts.store.index.row(Key("VirtualMachine", "default", name))
        found = self.parts.store.resource(row) if row else None
        assert found is None or isinstance(found, VirtualMachine)
        return found

    def ready(self, *names: str) -> bool:
        found = [self.machine(name) for name in names]
        conditions = [find_condition(m.status.conditions, "Ready") if m and m.status else None for m in found]
        return all(condition is not None and condition.status == "True" for condition in conditions)

    def runs(self) -> dict[str, str]:
        """Of the domains that libvirt has: name -> which run."""
        return {domain.name: domain.run for domain in self.parts.host.domains()}

    def counters(self) -> dict[str, int]:
        """Of the store: they grow with every write of a resource, a status or an event."""
        return dict(self.parts.store.index.read("SELECT name, value FROM counters", ()))


@asynccontextmanager
async def running(root: Path, settle: float = 0.3) -> AsyncIterator[Running]:
    folder, stop = root / "vms", asyncio.Event()
    folder.mkdir(exist_ok=True)
    async with standalone(folder, root / "state", isolated_uri(root), settle=settle) as parts:
        task = asyncio.create_task(parts.operator.run(stop))
        try:
            yield Running(parts, folder)
        except Exception as error:
            for line in picture(parts):
                error.add_note(line)
            raise
        finally:
            stop.set()
            await task


def picture(parts: Standalone) -> Iterator[str]:
    """Yields what there is, for whoever reads why a test failed."""
    for row in parts.store.rows():
        yield f"{row.key}: deleted={row.deleted} finalizers={row.finalizers} {row.status}"
    for event in parts.store.events(0, None, 40):
        yield f"{event.time} {event.key}: {event.reason}: {event.message}"
    yield f"errors={parts.store.errors()} held={parts.store.held()} failing={parts.supervisor.failing}"
