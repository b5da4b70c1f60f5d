"""The state folder of this host, as commands use it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homeostat.models.base import Key, Resource, by_name
from homeostat.models.machine import VirtualMachine

from .access import AUTHOR, R, State
from .errors import CliError
from .host_user import host_user
from .settings import CliSettings
from .terminal import say

if TYPE_CHECKING:
    from homeostat.driver.guests.console_log import LogPart
    from homeostat.planner.orphans import Orphan
    from homeostat.runtime.engine.ports import Event, SpecRevision
    from homeostat.store.desired import DesiredState, Workspace
    from homeostat.store.errors import FolderProblem
    from homeostat.store.files.passes.intake import PassReport
    from homeostat.store.files.state import StateFolder
    from homeostat.store.files.store import FilesStore
    from homeostat.store.index.store import IndexedStore
    from homeostat.store.three_way import Applied


class LocalState(State):
    """The store, in either mode."""

    def __init__(self, store: IndexedStore, desired: DesiredState, files: FilesStore | None = None) -> None:
        """Takes the store. ``files``: the folder, where there is one."""
        self._store = store
        self._desired = desired
        self._files = files

    @property
    def folder(self) -> Path | None:
        """Returns the YAML folder. None: it serves a cluster."""
        return self._files.folder if self._files else None

    def workspace(self, namespace: str) -> Workspace:
        """Returns the resources of a namespace, as services take them."""
        from homeostat.store.desired import Workspace

        return Workspace(self._store, self._desired, namespace)

    async def get(self, kind: type[R], key: Key) -> R | None:
        return await self._store.get(kind, key)

    async def list(self, kind: type[R], namespace: str | None = None) -> Sequence[R]:
        found = await self._store.list(kind, namespace)
        return sorted(found, key=by_name)

    async def events(self, key: Key | None = None, limit: int = 200) -> Sequence[Event]:
        return await asyncio.to_thread(self._store.events, 0, key, limit)

    async def revisions(self, key: Key) -> Sequence[SpecRevision]:
        """Returns the revisions, newest first."""
        return await asyncio.to_thread(self._store.revisions, key)

    async def errors(self) -> Sequence[FolderProblem]:
        return await asyncio.to_thread(self._store.errors)

    async def orphans(self) -> Sequence[tuple[str, Orphan]]:
        """Returns the orphans, each with the host that it is on."""
        by_host = await asyncio.to_thread(self._store.all_orphans)
        return [(host, orphan) for host, found in by_host.items() for orphan in found]

    async def console_log(self, machine: VirtualMachine, tail: int, after: str) -> LogPart:
        from homeostat.driver.guests.console_log import read_log

        path, name = machine.status.console_log if machine.status else None, machine.metadata.name
        if path is None:
            raise CliError(
                f"{name} has no console log yet: it was never defined", f"`homeostat describe vm {name}` says what it waits for"
            )
        try:
            return await asyncio.to_thread(read_log, Path(path), tail, after)
        except FileNotFoundError:
            raise CliError(f"the console log {path} is not there (yet): the machine has not been started") from None

    async def take_up(self, machine: VirtualMachine) -> None:
        """Takes up an orphan, which will be deleted.

        Raises:
            CliError: a machine of another identity has its name.
        """
        assert self._files is not None, "what is on hosts of a cluster is taken up by an object"
        if not await asyncio.to_thread(self._files.take_up, machine):
            mend = f"see `homeostat describe vm {machine.metadata.name}`"
            raise CliError(f"there is a machine of the name {machine.metadata.name}, which another identity has", mend)

    async def libvirt_of(self, settings: CliSettings, host: str | None, name: str) -> str:
        """Returns the libvirt of a host whose disks can be read here. ``name``: of what is on it.

        Raises:
            CliError: a folder's host is not served.
            ExportRefused, OnAnotherApi: see HostReach.
        """
        from homeostat.service.files.host_reach import HostReach
        from homeostat.store.files.state import StateFolder

        if self._files is not None or settings.asked_uri:
            return settings.uri_of(host)
        return await HostReach(StateFolder.named(settings.state), self._store, clustered=True).libvirt_of(host, name)

    async def create(self, kind: str, document: Mapping[str, Any]) -> Resource:
        return await self._desired.create(kind, document, AUTHOR)

    async def apply(self, resource: Resource, *, whole: bool, dry: bool) -> Applied:
        return await self._desired.apply(resource, AUTHOR, whole, dry)

    async def patch(self, key: Key, merge_patch: Mapping[str, Any]) -> Resource:
        return await self._desired.patch(key, merge_patch, AUTHOR)

    async def delete(self, key: Key, *, force: bool = False) -> None:
        await self._desired.delete(key, AUTHOR, force)

    async def compare(self) -> PassReport:
        """Takes in what the folder says now. That deletes nothing."""
        return await asyncio.to_thread(self._of_the_folder().compare)

    async def confirm_prune(self, keys: Collection[Key]) -> PassReport:
        return await asyncio.to_thread(self._of_the_folder().confirm_prune, keys)

    def _of_the_folder(self) -> FilesStore:
        if self._files is None:
            raise CliError("there is nothing to prune: this state serves a cluster, where deletions are not held back")
        return self._files


@asynccontextmanager
async def opened_here(settings: CliSettings, create: bool) -> AsyncIterator[State]:
    """Opens the store of the state folder. ``create``: also where no operator ever ran (then the folder must be known)."""
    from homeostat.store.desired import FolderState
    from homeostat.store.files.state import StateFolder
    from homeostat.store.files.store import FilesStore
    from homeostat.store.index.unaudited import Editor

    state = StateFolder.open(settings.state if create else settings.existing_state())
    if state.serves_cluster:
        async with _of_the_cluster(state) as served:
            yield served
        return
    store = FilesStore.open(settings.folder(), state, editor=Editor("cli", host_user()))
    try:
        yield LocalState(store, FolderState(store), store)
    finally:
        _note_uncommitted(store)
        store.close()


def _note_uncommitted(store: FilesStore) -> None:
    """Prints which files commands edited in a git work tree, and nobody committed."""
    from homeostat.store.files.commits.git import uncommitted

    if left := uncommitted(store.folder, store.committer.uncommitted):
        files = ", ".join(left[:3]) + (f" and {len(left) - 3} more" if len(left) > 3 else "")
        say(f"note: {files}: changed and not committed; commit it, or let `homeostat up --commit` do that from now on", err=True)


@asynccontextmanager
async def _of_the_cluster(state: StateFolder) -> AsyncIterator[State]:
    """Reads the mirror of an operator that runs, if one does. Writes go to the cluster that the environment names, as those of
    kubectl do."""
    from homeostat.store.files.last_look import listening_room
    from homeostat.store.files.state import StateFolder
    from homeostat.store.index.index import Index
    from homeostat.store.kubernetes.access import Access
    from homeostat.store.kubernetes.mirror import Mirror
    from homeostat.store.kubernetes.writer import COMMANDS, ClusterWriter

    index = Index.open(StateFolder(listening_room(state.root)).index)
    writer = ClusterWriter(index, Mirror(index), Access(), COMMANDS)
    try:
        yield LocalState(writer, writer)
    finally:
        await writer.close()
        index.close()
