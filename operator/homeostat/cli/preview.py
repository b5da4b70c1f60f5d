"""What `homeostat plan` rests on: the plans that the operator would make now, made without writing anything.

The folder is taken in by a store of its own over a copy of the state's index: so known resources keep their uids, broken
documents their last good specs, and removed files their deletion, exactly as `up` would see it.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from homeostat.driver.host import LibvirtHost
from homeostat.driver.kvm import probe_kvm
from homeostat.driver.storage.storage import Storage
from homeostat.models.machine import VirtualMachine
from homeostat.planner.machine import plan_machine
from homeostat.planner.observed import Memory
from homeostat.runtime.images import ImageUse
from homeostat.runtime.observe import Claims, observe
from homeostat.store.errors import SourceError
from homeostat.store.files.state import StateFolder
from homeostat.store.files.store import FilesStore, SyncReport

from .errors import CliError
from .render_plan import Entry
from .standalone import qemu_group


@dataclass(frozen=True, slots=True)
class Preview:
    """``errors`` are those of the YAML; ``refusal`` says why deletions wait for a confirmation, empty where none does."""

    entries: Sequence[Entry]
    errors: Sequence[SourceError]
    refusal: str


async def preview(folder: Path, state: Path, uri: str) -> Preview:
    """The plan of every machine of ``folder``.

    Raises:
        CliError: the host cannot be asked.
        StoreError: the state serves another folder.
    """
    with tempfile.TemporaryDirectory(prefix="homeostat-plan-") as scratch:
        await asyncio.to_thread(_copy_state, state, Path(scratch))
        store = FilesStore.open(folder, StateFolder.open(Path(scratch)))
        with closing(store):
            report = await asyncio.to_thread(store.sync)
            machines = [m for m in await store.list(VirtualMachine.KIND) if isinstance(m, VirtualMachine)]
            places = {row.key: row.place for row in store.rows() if row.source}
    entries = await _plan_all(machines, state, uri)
    placed = [Entry(entry.resource, entry.plan, places.get(entry.resource.key, "")) for entry in entries]
    return Preview(placed, _errors(report), report.refusal)


def _copy_state(state: Path, scratch: Path) -> None:
    for name in ("instance-id", "source"):
        if (state / name).exists():
            shutil.copy(state / name, scratch / name)
    index = state / "index.sqlite"
    if index.exists():
        with (
            closing(sqlite3.connect(f"{index.as_uri()}?mode=ro", uri=True)) as origin,
            closing(sqlite3.connect(scratch / index.name)) as copy,
        ):
            origin.backup(copy)


def _errors(report: SyncReport) -> list[SourceError]:
    return [error for error in report.errors if error.severity == "Error"]


async def _plan_all(machines: Sequence[VirtualMachine], state: Path, uri: str) -> list[Entry]:
    async def kvm_usable() -> bool:
        return (await probe_kvm(None)).usable

    storage = Storage(state, await qemu_group(uri))
    async with LibvirtHost(uri, storage=storage, storage_root=str(state), kvm_usable=kvm_usable) as host:
        if not host.facts.reachable:
            raise CliError(f"nothing can be planned: {host.facts.error}", "`homeostat doctor` says more")
        claims, images, entries = Claims(), ImageUse(), []
        for machine in machines:
            observed = await observe(machine, host, Memory(), claims.update(machine), images)
            entries.append(Entry(machine, plan_machine(machine, observed, time.monotonic())))
        return entries
