"""The writing side of the standalone store: creates, patches and deletes by editing YAML, and indexes the result at once."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from homeostat.models.base import API_VERSION, Key, Resource
from homeostat.models.kinds import BY_KIND, kind_of
from homeostat.runtime.machine.commands import outlived
from homeostat.store.errors import (
    AlreadyExists,
    Conflict,
    DocumentProblem,
    Invalid,
    NotEditable,
    NotFound,
    ReadOnly,
    StateError,
)

from ... import merge
from ...index import unaudited
from ...index.index import Index, timestamp
from ...index.row import Row
from ...index.store import IndexedStore
from ...three_way import ABSENT, Applied, apply_patch, left_alone
from ..commits.message import change_message
from ..commits.upstream import Upstream
from ..passes import indexing
from ..passes.compare import undeclared
from ..passes.intake import Intake
from ..passes.removal import speaks_of_it
from ..reading.files import Edit
from ..reading.validate import STORE_METADATA, Rejected, desired_part, key_to_write, require_kind, resource_to_write
from ..text.values import equal
from . import disk, in_place, last_applied, owned, readback

IndexCheck = Callable[[Index], None]
"""May refuse a write because of what the index holds. It raises StoreError, and writes nothing itself."""


class FolderWriter:
    """The writing side of FilesStore, which says what each method promises."""

    def __init__(self, store: IndexedStore, intake: Intake, upstream: Upstream) -> None:
        self._store = store
        self._intake = intake
        self._upstream = upstream
        self._index = store.index
        self._folder = intake.folder

    @contextmanager
    def _writing(self, check: IndexCheck | None) -> Iterator[None]:
        """Holds the lock, and brings the index up to date first: a file may have been changed and not be indexed yet."""
        with self._intake.state.write_lock():
            self._upstream.prepare()
            self._intake.run({})
            if check is not None:
                check(self._index)
            yield

    def create(self, kind: str, document: Mapping[str, Any], author: str, check: IndexCheck | None, dry: bool) -> Resource:
        wanted = desired_part({"apiVersion": API_VERSION, "kind": kind, **document})
        if kind not in BY_KIND:
            raise Invalid([DocumentProblem("kind", f"there is no kind {kind!r}")])
        key = key_to_write(wanted, None)
        with self._writing(check):
            return self._create(key, wanted, author, dry)

    def _create(self, key: Key, wanted: Mapping[str, Any], author: str, dry: bool = False) -> Resource:
        try:
            require_kind(key.kind, self._intake.takes_hosts)
        except Rejected as error:
            raise Invalid([problem for _, problem in error.problems], str(key)) from None
        if self._intake.listing.missing:
            raise StateError(f"the folder {self._folder} cannot be read: {self._intake.listing.missing}. Nothing was written")
        if (row := self._index.row(key)) is not None and not undeclared(row):
            raise AlreadyExists(key, row.place if row.file else "", deleting=row.deleted is not None)
        if declared := self._documents(key):
            raise AlreadyExists(key, f"{declared[0].path}, where it is not valid yet")
        if dry:
            return resource_to_write(wanted, key, str((self._folder / place_of(key)).parent))
        message = f"Create {key}"
        path = self._write_new(key, wanted, author, message)
        return self._finish(key, Edit(author, path), message)

    def apply(
        self, resource: Resource, author: str, whole: bool, dry: bool, check: IndexCheck | None, expected_version: str | None
    ) -> Applied:
        key, after = resource.key, desired_part({"apiVersion": API_VERSION, "kind": resource.kind, **resource.dump()})
        with self._writing(check):
            row = self._index.row(key)
            if row is None or undeclared(row):
                made = self._create(key, after, author, dry)
                if not dry:
                    self._remember(key, after)
                return Applied("created", resource=made)
            if expected_version == ABSENT:
                raise AlreadyExists(key, row.place if row.file else "", deleting=row.deleted is not None)
            self._standing(key, expected_version)
            before = row.document_form()
            last = before if whole else last_applied.recall(self._index, row)
            patch = apply_patch(last, before, after)
            changed = self._patch(key, patch, author, dry=dry) if patch else self._store.resource(row)
            if not dry and not whole:
                self._remember(key, after)
            return Applied("configured" if patch else "unchanged", () if last else left_alone(before, after), changed)

    def _remember(self, key: Key, applied: Mapping[str, Any]) -> None:
        if row := self._index.row(key):
            last_applied.remember(self._index, row, applied)

    def patch(
        self,
        key: Key,
        merge_patch: Mapping[str, Any],
        author: str,
        expected_version: str | None,
        check: IndexCheck | None,
        dry: bool,
    ) -> Resource:
        with self._writing(check):
            return self._patch(key, merge_patch, author, expected_version, dry)

    def _patch(
        self, key: Key, merge_patch: Mapping[str, Any], author: str, expected_version: str | None = None, dry: bool = False
    ) -> Resource:
        row = self._standing(key, expected_version)
        if row.file is None and not self._documents(key):
            if undeclared(row):
                return self._declare(row, merge_patch, author, dry)
            return self._patch_owned(key, merge_patch, author, expected_version, dry)
        target = self._target(row)
        if why := self._intake.unfinished.get(target.path):
            raise NotEditable(f"{target.path} {why}: repeat the request after that")
        takes = self._intake.withheld.get(key)
        if takes and not speaks_of_it(key.kind, merge_patch.get("spec") or {}):  # otherwise this would confirm it unasked
            held = ": put it back, or repeat the request after that; `homeostat get errors` says what holds it"
            ends = ", but soon: repeat the request in some seconds" if key in self._intake.settling else held
            raise NotEditable(
                f"{target.path} changes {key} so that something is deleted ({takes}), and that is not in force yet{ends}"
            )
        text, found, before = in_place.load(target)
        wanted = _merged(found.value, desired_part(merge_patch))
        resource = resource_to_write(wanted, key, str(target.file.parent))
        if equal(wanted, found.value):
            if takes and not dry:
                self._intake.run({key: Edit(author)})  # so what the document says already is confirmed
            return self._store.resource(self._index.row(key) or row)
        edited = in_place.patched_text(text, found, wanted, target.path)
        readback.check_edit(target.path, before, edited, found, wanted)
        if dry:
            return _in_place_of(self._store.resource(row), resource)
        message = change_message(key, found.value, wanted)
        self._upstream.intend(key, target.path, edited, author, message)
        disk.write_file(target.file, edited)
        return self._finish(key, Edit(author, target.path, wanted, resource), message)

    def _declare(self, row: Row, merge_patch: Mapping[str, Any], author: str, dry: bool) -> Resource:
        """Writes the document that takes over an undeclared resource, with a change to it."""
        wanted = _merged(_as_document(row), desired_part(merge_patch))
        wanted["metadata"].pop("namespace", None)  # a host is in none
        made = self._create(row.key, wanted, author, dry)
        return _in_place_of(self._store.resource(row), made) if dry else made

    def _patch_owned(self, key: Key, merge_patch: Mapping[str, Any], author: str, expected: str | None, dry: bool) -> Resource:
        """Changes a resource that another one owns. The change lasts until its owner writes it again."""
        with self._index.transaction() as database:
            row = self._standing(key, expected)  # the operator writes these too, without this lock
            wanted = _merged(_as_document(row), desired_part(merge_patch))
            resource = resource_to_write(wanted, key, str(self._folder))
            if dry:
                return _in_place_of(self._store.resource(row), resource)
            owned.patch_owned(database, row, resource, author, self._intake.clock(), self._intake.editor)
            changed = self._index.row(key)
        assert changed is not None
        return self._store.resource(changed)

    def delete(self, key: Key, author: str, force: bool, check: IndexCheck | None) -> Resource:
        with self._writing(check):
            row = self._index.row(key)
            if row is None:
                raise NotFound(key)
            message = f"Delete {key}"
            touched = self._remove_documents(key, author, message)
            try:
                marked = self._mark_deleted(key, author, force)
            except ReadOnly as error:
                gone = f"{', '.join(touched) or 'the folder'} does not declare {key} any more, which goes once this is mended"
                raise ReadOnly(f"{gone}: {error}") from error
            self._intake.run({})
            for path in touched:
                self._upstream.publish(key, path, author, message)
            if marked is None:
                raise NotFound(key)
            return self._store.resource(marked)

    def _mark_deleted(self, key: Key, author: str, force: bool) -> Row | None:
        with self._index.transaction() as database:
            indexing.mark_deleted(database, key, self._intake.clock(), 0 if force else None, author)
            if (editor := self._intake.editor) is not None:
                unaudited.add(database, timestamp(self._intake.clock()), key, editor, "delete")
            return self._index.row(key)  # read at once: the operator may release it a moment later

    def _standing(self, key: Key, expected: str | None) -> Row:
        row = self._index.row(key)
        if row is None:
            raise NotFound(key)
        if row.deleted is not None:
            raise AlreadyExists(key, deleting=True)
        if expected is not None and not (expected.isdigit() and row.changed <= int(expected) <= row.version):
            raise Conflict(key, expected, str(row.version))
        return row

    def _target(self, row: Row) -> in_place.DocumentPlace:
        documents = self._documents(row.key)
        # An invalid document may declare the key too, and an edit is how people correct it.
        mine = [d for d in documents if (d.path, d.document, d.item) == (row.file, row.document, row.item)] or documents
        if not mine:
            where = f"it stood in {row.file}, which" if row.file else "it"
            raise NotEditable(f"{row.key} has no document to edit: {where} cannot be read, or declares it no more")
        return mine[0]

    def _documents(self, key: Key) -> list[in_place.DocumentPlace]:
        found = self._index.read(
            "SELECT path, document, item FROM documents WHERE kind=? AND namespace=? AND name=? ORDER BY path, document, item",
            (key.kind, key.namespace, key.name),
        )
        return [in_place.DocumentPlace(self._folder, path, number, item if item >= 0 else None) for path, number, item in found]

    def _remove_documents(self, key: Key, author: str, message: str) -> list[str]:
        """Removes the resource's documents, duplicates included: one that stayed would bring the resource back. The last goes
        first, so that the places of the others stay right."""
        targets = [target for target in self._documents(key) if target.file.is_file()]  # otherwise there is nothing to edit
        broken = {path for (path,) in self._index.read("SELECT path FROM files WHERE problems != '[]'")}
        for target in targets:
            if target.path in broken:
                raise NotEditable(f"{target.path} cannot be edited until its syntax is mended")
        texts = dict[str, str | None]()  # all texts are made and checked before the first is written
        for target in reversed(targets):
            text, found, before = in_place.load(target, texts.get(target.path))
            rest = in_place.removed_text(text, found, target.path)
            if rest is not None:
                readback.check_edit(target.path, before, rest, found, readback.GONE)
            texts[target.path] = rest
        for path, rest in texts.items():
            self._upstream.intend(key, path, rest, author, message)
            if rest is None:
                disk.remove_file(self._folder / path)
            else:
                disk.write_file(self._folder / path, rest)
        return sorted({target.path for target in targets})

    def _write_new(self, key: Key, wanted: Mapping[str, Any], author: str, message: str) -> str:
        text = readback.new_text(wanted, str((self._folder / place_of(key)).parent), str(key))
        for attempt in range(1, 100):
            path = place_of(key, attempt)
            self._upstream.intend(key, path, text, author, message)
            try:
                disk.write_file(self._folder / path, text, create=True)
                return path
            except FileExistsError:
                continue  # it may be somebody's file with other resources: never overwrite it
        raise StateError(f"no free file name for {place_of(key)}")

    def _finish(self, key: Key, edit: Edit, message: str) -> Resource:
        try:
            self._intake.run({key: edit})
        except ReadOnly as error:
            raise ReadOnly(f"{edit.path} is written, and counts once this is mended; put it back otherwise: {error}") from error
        self._upstream.publish(key, edit.path, edit.author, message)
        row = self._index.row(key)
        if row is None:
            raise StateError(f"{edit.path} was written, yet {key} did not appear: `homeostat get vms` lists why")
        if edit.resource is not None:
            self._store.keep_model(row, edit.resource)
        return self._store.resource(row)


def place_of(key: Key, attempt: int = 1) -> str:
    """Returns the path of the file for a new document, relative to the folder."""
    within = [key.namespace] if key.namespace != "default" else []
    return "/".join([kind_of(BY_KIND[key.kind]).plural, *within, key.name]) + (".yaml" if attempt == 1 else f"-{attempt}.yaml")


def _as_document(row: Row) -> dict[str, Any]:
    """Returns a resource as somebody would write it."""
    found = row.document_form()
    found["metadata"] = {n: v for n, v in found["metadata"].items() if n not in STORE_METADATA}
    return {n: v for n, v in found.items() if n != "status"}


def _in_place_of(before: Resource, after: Resource) -> Resource:
    """Returns the resource that a dry change would leave, with what the store adds to it."""
    metadata = after.metadata.model_dump(include={"labels", "annotations"})
    whole = before.metadata.model_copy(update=metadata)
    return before.model_copy(update={"metadata": whole, "spec": after.spec})


def _merged(document: Any, patch: Mapping[str, Any]) -> Any:
    wanted = _patched(document, patch)
    return _patched(wanted, outlived(document, wanted))


def _patched(document: Any, patch: Mapping[str, Any]) -> Any:
    """Returns the document with the patch applied. An annotations or labels map that the patch emptied is removed: nobody writes
    ``annotations: {}``."""
    wanted = merge.merge_patch(copy.deepcopy(document), patch)
    for name in ("annotations", "labels"):
        if patch.get("metadata", {}).get(name) and not wanted["metadata"][name]:
            del wanted["metadata"][name]
    return wanted
