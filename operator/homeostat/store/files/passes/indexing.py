"""Writes the decisions of one pass into the index, in one transaction. Also makes the few direct writes."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from homeostat.models.base import Key
from homeostat.planner.files.trash import DELETED_BY
from homeostat.runtime.engine.ports import Happening
from homeostat.runtime.machine.commands import REPLACED, outlived
from homeostat.store.errors import FolderProblem

from ...index import unaudited
from ...index.index import FINALIZER, Index, compact, next_version, set_setting, timestamp
from ...index.records import add_events, add_revision, difference
from ...index.row import Row
from ...index.unaudited import Editor
from ...merge import merge_patch
from ..commits.authors import Removal
from ..reading import files
from ..reading.files import FolderDocument
from .compare import Pass, metadata_of
from .remembered import SETTING, Remembered

ERRORS_TOLD = 1_000
"""Errors of one severity. Readers show all of them, from within event loops."""
FILE_AUTHOR = "file"
"""Author of a change that was found in a file, until git names a better one."""
TAKEN_IN = "Folder"
"""What stands in the audit for all that an index finds which knew of nothing."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a new resource gets, and who made or changed what."""

    instance: uuid.UUID
    now: datetime
    authors: Mapping[Key, str]
    removed_by: Mapping[Key, Removal] = field(default_factory=dict)  # who removed what goes in this pass
    editor: Editor | None = None  # who made the edits that have an author; None: he notes them himself
    new: bool = False  # nothing was known before: what is found is nobody's change

    def author(self, key: Key) -> str:
        return self.authors.get(key, FILE_AUTHOR)

    def tell(self, database: sqlite3.Connection, key: Key, verb: str, message: str, path: str) -> None:
        """Writes down for the audit what this pass found of one resource."""
        if key in self.authors:
            if self.editor is not None:
                unaudited.add(database, timestamp(self.now), key, self.editor, verb, message)
        elif not self.new:
            unaudited.add(database, timestamp(self.now), key, Editor("folder", "", path), verb, message, ready=False)


def write_pass(
    index: Index, work: Pass, identity: Identity, known_errors: Sequence[FolderProblem], remembered: Remembered
) -> list[Key]:  # fmt: skip
    """Writes a pass, and returns the keys whose spec or metadata changed. Writes nothing at all where nothing differs."""
    fresh, memory = [file for file in work.files if not file.known], remembered.dump()
    same_errors = list(known_errors) == work.errors
    idle = not (fresh or work.forget or work.create or work.update or work.move or work.keep or work.delete)
    if idle and same_errors and memory == index.setting(SETTING):
        return []
    with index.transaction() as database:
        files.save(database, fresh, work.forget)
        changed = [_create(database, document, identity) for document in work.create]
        changed += [key for row, document in work.update if (key := _update(database, row, document, identity))]
        changed += [_keep(database, row, document, identity) for row, document in work.keep]
        for row, document in work.move:
            _place(database, row.key, document)
        for row in work.delete:
            by = identity.removed_by[row.key]
            mark_deleted(database, row.key, identity.now, None, str(by))
            unaudited.add(database, timestamp(identity.now), row.key, by.editor, "delete")
        changed += [row.key for row in work.delete]
        if identity.new and changed:
            found = f"found {len(changed)} resources, of which nothing was known before"
            unaudited.add(database, timestamp(identity.now), Key(TAKEN_IN, "", ""), Editor("folder"), "take in", found)
        if not same_errors:
            _write_errors(database, work.errors)
        set_setting(database, SETTING, memory)
    return changed


def _create(database: sqlite3.Connection, document: FolderDocument, identity: Identity) -> Key:
    assert document.resource is not None and document.key is not None  # compare() has only loaded documents
    key, version, now = document.key, next_version(database), timestamp(identity.now)
    metadata = _metadata(document, None)
    uid = str(uuid.uuid5(identity.instance, str(key)))
    database.execute(
        "INSERT INTO resources VALUES (?,?,?,?,1,?,?,?,?,NULL,?,?,?,?,?,?,NULL,NULL,?)",
        (
            key.kind, key.namespace, key.name, uid, version, version, compact(metadata), compact(_spec(document)),
            document.path, document.document, document.item, document.line, document.hash, now, json.dumps([FINALIZER]),
        ),
    )  # fmt: skip
    database.execute("DELETE FROM removals WHERE kind=? AND namespace=? AND name=?", (key.kind, key.namespace, key.name))
    add_revision(database, key, uid, 1, now, identity.author(key), None)
    identity.tell(database, key, "create", "", document.path)
    return key


def _update(database: sqlite3.Connection, row: Row, document: FolderDocument, identity: Identity) -> Key | None:
    """Writes a changed document. Returns None where only its text changed, and not what it says."""
    assert document.resource is not None  # compare() has only loaded documents
    key, spec, metadata = row.key, compact(_spec(document)), compact(_metadata(document, row))
    _place(database, key, document)
    if spec == row.spec and metadata == row.metadata:
        return None
    generation = row.generation + (spec != row.spec)
    version = next_version(database)
    database.execute(
        "UPDATE resources SET generation=?, version=?, changed=?, metadata=?, spec=? WHERE kind=? AND namespace=? AND name=?",
        (generation, version, version, metadata, spec, key.kind, key.namespace, key.name),
    )
    changes = difference(json.loads(row.spec), json.loads(spec))
    if spec != row.spec:
        add_revision(database, key, row.uid, generation, timestamp(identity.now), identity.author(key), changes)
    identity.tell(database, key, "change", unaudited.fields(row, changes, metadata), document.path)
    return key


def _keep(database: sqlite3.Connection, row: Row, document: FolderDocument, identity: Identity) -> Key:
    """Ends the deletion of a resource that is declared again. Where that has come to its end since the rows were read, the
    resource is made again."""
    if database.execute("SELECT 1 FROM resources WHERE kind=? AND namespace=? AND name=?", row.key).fetchone() is None:
        return _create(database, document, identity)
    _update(database, row, document, identity)
    identity.tell(database, row.key, "keep", "its document came back while it was being deleted", document.path)
    key, version = row.key, next_version(database)
    database.execute(
        "UPDATE resources SET deleted=NULL, grace=NULL, version=?, changed=? WHERE kind=? AND namespace=? AND name=?",
        (version, version, key.kind, key.namespace, key.name),
    )
    said = f"its document came back while it was being deleted ({document.place})"
    add_events(database, identity.now, key, [Happening("Normal", "Kept", said)])
    return key


def _metadata(document: FolderDocument, row: Row | None) -> dict[str, object]:
    """Returns what is stored of its metadata. What ``stop`` noted is left out where somebody has edited the runStrategy since."""
    assert document.resource is not None
    metadata = metadata_of(document.resource)
    if REPLACED not in document.resource.metadata.annotations:
        return metadata
    before = None if row is None else {"metadata": json.loads(row.metadata), "spec": json.loads(row.spec)}
    after = {"metadata": metadata, "spec": _spec(document)}
    kept: dict[str, object] = merge_patch(after, outlived(before, after))["metadata"]
    return {name: part for name, part in kept.items() if part}


def _spec(document: FolderDocument) -> object:
    return document.resource.spec.dump() if document.resource is not None else {}


def _place(database: sqlite3.Connection, key: Key, document: FolderDocument) -> None:
    database.execute(
        "UPDATE resources SET source=?, document=?, item=?, line=?, hash=? WHERE kind=? AND namespace=? AND name=?",
        (
            document.path, document.document, document.item, document.line, document.hash,
            key.kind, key.namespace, key.name,
        ),
    )  # fmt: skip


def mark_deleted(database: sqlite3.Connection, key: Key, now: datetime, grace: int | None, by: str = "") -> None:
    """Starts the deletion, and records who asked for it. Where it is asked for again, the grace period can only become
    shorter."""
    version, place = next_version(database), (key.kind, key.namespace, key.name)
    if by:
        database.execute(
            "UPDATE resources SET metadata=json_set(metadata, '$.annotations', json_patch(coalesce(json_extract(metadata, "
            "'$.annotations'), '{}'), ?)) WHERE kind=? AND namespace=? AND name=? AND deleted IS NULL",
            (compact({DELETED_BY: by}), *place),
        )
    database.execute(
        "UPDATE resources SET deleted=coalesce(deleted,?), grace=coalesce(?,grace), version=?, changed=? "
        "WHERE kind=? AND namespace=? AND name=?",
        (timestamp(now), grace, version, version, *place),
    )


def told(errors: Sequence[FolderProblem]) -> list[FolderProblem]:
    """Returns as many errors as anybody reads, and how many there are beyond. Those that wait for a confirmation are all
    included."""
    stored: list[FolderProblem] = []
    for severity in ("Error", "Held", "Notice"):
        mine = [error for error in errors if error.severity == severity]
        most = len(mine) if severity == "Held" or len(mine) <= ERRORS_TOLD else ERRORS_TOLD
        stored += mine[:most]
        if len(mine) > most:
            stored.append(
                FolderProblem("", 0, 0, "", f"{len(mine) - most} more are not listed: mend some of these first", None, severity)
            )
    return stored


def _write_errors(database: sqlite3.Connection, errors: Sequence[FolderProblem]) -> None:
    database.execute("DELETE FROM errors")
    database.executemany(
        "INSERT INTO errors (path, line, column_, field, message, kind, namespace, name, severity) VALUES (?,?,?,?,?,?,?,?,?)",
        [
            (
                e.path, e.line, e.column, e.field, e.message,
                *((e.key.kind, e.key.namespace, e.key.name) if e.key else (None, None, None)), e.severity,
            )
            for e in errors
        ],
    )  # fmt: skip
