"""The folder's side of a migration: what it declares, its documents, its index, and what the state folder serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from homeostat.driver.storage.paths import MACHINES
from homeostat.models.base import Key, Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.machine import VirtualMachine
from homeostat.models.plugin import Plugin
from homeostat.store.errors import FolderProblem

from ..files.editing import disk, owned, readback
from ..files.editing.writer import place_of
from ..files.passes.remembered import SETTING
from ..files.state import StateFolder, served_folder
from ..files.store import FilesStore
from ..index.index import Index, set_setting
from ..index.records import report
from ..index.removal import remove
from ..merge import merge_difference
from .steps import MigrationRefused, carried_status

AUTHOR = "migrate"


def read_folder(folder: Path, state: StateFolder) -> list[Resource]:
    """Returns all that the state's folder declares now, and what the operator made for it.

    Raises:
        MigrationRefused: something in it is wrong, or waits to be removed.
        StateError: the state serves something else.
    """
    if not folder.is_dir():
        raise MigrationRefused([f"{folder} is not a folder"])
    with closing(FilesStore.open(folder, state, owner=True)) as store:
        found = store.compare()
        wrong = _errors(found.errors)
        wrong += [f"{key} is declared nowhere any more, and not removed yet" for key in found.absent]
        if wrong:
            raise MigrationRefused(wrong)
        return [store.resource(row) for row in store.rows()]


def machines_with_files(state: StateFolder) -> set[Key]:
    """Returns the machines that have files, also those of which only disks are left."""
    return {Key(VirtualMachine.KIND, place.parent.name, place.name) for place in (state.root / MACHINES).glob("*/*")}


def leave_folder(state: StateFolder, other: str) -> None:
    """Lets the state serve ``other`` from now on. It forgets what the folder's documents said. The folder stays as it is."""
    with closing(Index.open(state.index)) as index:
        _forget_documents(index)
    state.hand_over(other)


def _forget_documents(index: Index) -> None:
    """Forgets the documents, which come back when they are read again."""
    with index.transaction() as database:
        for table in ("files", "documents", "errors"):
            database.execute(f"DELETE FROM {table}")  # noqa: S608 - the names are ours
        set_setting(database, SETTING, None)


class Folder:
    """A folder that a state will serve. It is read and written through a temporary state (``scratch``)."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self._path, self._scratch = folder, scratch

    @cached_property
    def _store(self) -> FilesStore:
        self._path.mkdir(parents=True, exist_ok=True)
        return FilesStore.open(self._path, StateFolder.open(self._scratch))

    def close(self) -> None:
        if "_store" in self.__dict__:
            self._store.close()

    def declared(self) -> dict[Key, Resource]:
        """Returns what the folder declares.

        Raises:
            MigrationRefused: something in it is wrong.
        """
        if not self._path.is_dir():
            return {}
        if wrong := _errors(self._store.sync().errors):
            raise MigrationRefused(wrong)
        return {row.key: self._store.resource(row) for row in self._store.rows()}

    def write(self, resource: Resource) -> None:
        """Writes a new file, or edits one in place. Does nothing where the document says the same."""
        row, wanted = self._store.index.row(resource.key), document_of(resource)
        if row is None:
            place = self._path / place_of(resource.key)
            text = readback.new_text(wanted, str(place.parent), str(resource.key))
            try:  # written directly: the store would read the folder for each one
                disk.write_file(place, text, create=True)
            except FileExistsError:  # the file holds something else
                self._store.create(resource.kind, wanted, AUTHOR)
            return
        before = document_of(self._store.resource(row))
        patch = {
            part: change
            for part in ("metadata", "spec")
            if (change := merge_difference(before.get(part, {}), wanted.get(part, {})))
        }
        if patch:
            self._store.patch(resource.key, patch, AUTHOR)

    def take_over(self, state: StateFolder, resources: Sequence[Resource]) -> None:
        """Makes the state's index as if it had always served the folder, and then lets it serve the folder. ``resources`` have a
        status to keep, or are the operator's own."""
        index, now = Index.open(state.index, repair=True), datetime.now(UTC)
        _forget_documents(index)
        with index.transaction() as database:
            for row in index.rows():
                remove(database, row.key)
        with closing(FilesStore(self._path, state, index)) as store:
            store.sync()
            for resource in resources:
                if resource.metadata.owner_references:
                    owned.apply_owned(index, state.instance_id, now, resource)
                found = index.row(resource.key)
                if found is not None and (status := carried_status(resource, found.generation)):
                    report(index, now, found.key, found.uid, status.model_dump_json(by_alias=True, exclude_none=True), ())
        state.hand_over(served_folder(self._path))


def document_of(resource: Resource) -> dict[str, Any]:
    """Returns the document as people write it: without what an API server filled in."""
    whole = resource.dump()
    meta = {
        name: whole["metadata"][name] for name in ("name", "namespace", "labels", "annotations") if whole["metadata"].get(name)
    }
    if meta.get("namespace") == "default":
        del meta["namespace"]
    return {"apiVersion": whole["apiVersion"], "kind": resource.kind, "metadata": meta, "spec": _said(resource, whole["spec"])}


def _said(resource: Resource, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what the spec says. What a machine sets stays even where it is the default, because its plugin may say
    otherwise."""
    if not isinstance(resource, VirtualMachineDeployment | Plugin):
        return dict(spec)
    defaults = type(resource.spec).model_construct().dump(defaults=True)
    return {name: value for name, value in spec.items() if name not in defaults or value != defaults[name]}


def _errors(found: Sequence[FolderProblem]) -> list[str]:
    return [str(error) for error in found if error.severity == "Error"]
