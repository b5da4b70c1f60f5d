"""What `homeostat plan` rests on: the plans that the operator would make now, made without writing anything.

The folder is taken in by a store of its own over a copy of the state's index: so known resources keep their uids, broken
documents their last good specs, and removed files their deletion, exactly as `up` would see it.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path

from homeostat.driver.host import LibvirtHost
from homeostat.driver.kvm import probe_kvm
from homeostat.driver.scratch import scratch_folder
from homeostat.driver.storage.storage import Storage
from homeostat.driver.survey import is_local
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.machine import VirtualMachine
from homeostat.models.plugin import Plugin
from homeostat.planner.actions import FetchImage, ImageRef
from homeostat.planner.machine.foresee import foresee
from homeostat.planner.machine.identity import domain_uuid
from homeostat.planner.machine.storage import plan_images
from homeostat.planner.observed import Memory, Observed
from homeostat.planner.trash import KEEP
from homeostat.runtime.claims import Claims
from homeostat.runtime.deployments import DeploymentReconciler
from homeostat.runtime.effective import Effective
from homeostat.runtime.images import ImageUse
from homeostat.runtime.observe import observe
from homeostat.runtime.plugins import images_of
from homeostat.store.errors import Severity, SourceError
from homeostat.store.files.state import StateFolder
from homeostat.store.files.store import FilesStore, SyncReport

from .errors import CliError
from .render_deployment import DeploymentEntry, PluginEntry
from .render_plan import Entry, Planned
from .standalone import qemu_group


@dataclass(frozen=True, slots=True)
class Preview:
    """``errors`` are those of the YAML; ``held`` says which deletions wait for a confirmation, and why."""

    entries: Sequence[Planned]
    errors: Sequence[SourceError]
    held: Sequence[SourceError]


async def preview(folder: Path, state: Path, uri: str, labels: Mapping[str, str]) -> Preview:
    """The plan of every resource of ``folder``; ``labels`` are the host's.

    Raises:
        CliError: the host cannot be asked.
        StoreError: the state serves another folder.
    """
    with scratch_folder("plan") as scratch:
        await asyncio.to_thread(_copy_state, state, scratch)
        store = FilesStore.open(folder, StateFolder.open(scratch))
        with closing(store):
            report = await asyncio.to_thread(store.sync)
            async with _opened_host(state, uri, labels) as host:
                entries = await _plan_all(store, host)
            return Preview(entries, _of(report, "Error"), _of(report, "Held"))


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


def _of(report: SyncReport, severity: Severity) -> list[SourceError]:
    return [error for error in report.errors if error.severity == severity]


@asynccontextmanager
async def _opened_host(state: Path, uri: str, labels: Mapping[str, str]) -> AsyncIterator[LibvirtHost]:
    """As the operator's, but nothing is noted down of it."""

    async def kvm_usable() -> bool:
        return not is_local(uri) or (await probe_kvm(None)).usable

    storage = Storage(state, await qemu_group(uri))
    async with LibvirtHost(
        uri, storage=storage, storage_root=str(state), labels=labels, kvm_usable=kvm_usable, trash_keep=KEEP
    ) as host:
        if not host.facts.reachable:
            raise CliError(f"nothing can be planned: {host.facts.error}", "`homeostat doctor` says more")
        yield host


async def _plan_all(store: FilesStore, host: LibvirtHost) -> list[Planned]:
    places = {row.key: row.place for row in store.rows() if row.source}
    plugins = {p.key: p for p in await store.list(Plugin.KIND) if isinstance(p, Plugin)}
    entries: list[Planned] = []
    for plugin in plugins.values():
        changes = _changes_since(store, plugin)
        fetches = await _fetches(host, images_of(plugin))
        entries.append(PluginEntry(plugin, changes, fetches, places.get(plugin.key, "")))
    for deployment in await store.list(VirtualMachineDeployment.KIND):
        assert isinstance(deployment, VirtualMachineDeployment)
        resolved, observed, plan = await DeploymentReconciler(store, host).preview(deployment)
        entries.append(DeploymentEntry(resolved, observed, plan, time.time(), places.get(deployment.key, "")))
    claims, images, effective = Claims(), ImageUse(), Effective(store, once=True)
    machines = [
        await effective.machine(machine, new=host.domain(domain_uuid(machine.identity)) is None)
        for machine in await store.list(VirtualMachine.KIND)
        if isinstance(machine, VirtualMachine)
    ]
    for machine, _ in machines:  # first: who has already what others ask for
        claims.update(machine, host)
    for machine, refusal in machines:
        looked = await observe(machine, host, Memory(), claims.update(machine, host), images)
        plan_of_it = foresee(machine, replace(looked, refusal=refusal), time.monotonic(), {})
        entries.append(Entry(machine, plan_of_it, places.get(machine.key, "")))
    return entries


def _changes_since(store: FilesStore, plugin: Plugin) -> Mapping[str, tuple[object, object]]:
    """What of its spec the operator has not seen yet."""
    seen = plugin.status.observed_generation if plugin.status else 0
    found: dict[str, tuple[object, object]] = {}
    for revision in store.revisions(plugin.key):  # newest first
        if revision.generation > seen > 0 and revision.changes:
            for field, (old, new) in revision.changes.items():
                found[field] = (old, found[field][1] if field in found else new)
    return found


async def _fetches(host: LibvirtHost, refs: Sequence[ImageRef]) -> Sequence[str]:
    """Addresses of the images that are not in the host's cache yet."""
    storage = await host.storage(refs, (), (), host.facts.storage_root)
    actions, _ = plan_images(refs, Observed(host.facts, None, storage=storage))
    return [action.image.url for action in actions if isinstance(action, FetchImage)]
