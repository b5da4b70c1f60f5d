"""Resources that the operator makes itself. No document declares them, and pruning ignores them."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from homeostat.models.base import IDENTITY, Key, Resource
from homeostat.models.kinds import STORED, kind_of
from homeostat.models.machine import VirtualMachine
from homeostat.planner.placement import host_finalizer, hosts_of
from homeostat.runtime.engine.ports import Happening
from homeostat.store.errors import AlreadyExists

from ...index import unaudited
from ...index.index import FINALIZER, Index, compact, next_version, timestamp
from ...index.records import add_events, add_revision, difference
from ...index.removal import remove
from ...index.row import Row
from ...index.unaudited import Editor
from ..passes.compare import metadata_of
from ..passes.indexing import mark_deleted

AUTHOR = "operator"


def apply_owned(index: Index, instance: uuid.UUID, now: datetime, resource: Resource) -> None:
    """Writes such a resource.

    Raises:
        AlreadyExists: a document declares a resource of this name.
    """
    key = resource.key
    row, spec = index.row(key), compact(_spec(resource))
    if row is None:
        with index.transaction() as database:
            _create(database, key, str(uuid.uuid5(instance, str(key))), compact(_metadata(resource)), spec, now)
        return
    if row.file is not None:
        raise AlreadyExists(key, row.place)
    metadata = compact(_with_identity(_metadata(resource), row))
    if row.deleted is None and (row.metadata, row.spec) != (metadata, spec):
        with index.transaction() as database:
            _update(database, row, metadata, spec, now, AUTHOR)


def keep_owned(index: Index, now: datetime, resource: Resource) -> None:
    """Ends the deletion of a resource whose document has gone: from now on it is the operator's own, as if it had had none."""
    key = resource.key
    with index.transaction() as database:
        row = index.row(key)
        if row is None or row.deleted is None:
            return
        _update(database, row, compact(_metadata(resource)), compact(_spec(resource)), now, AUTHOR)
        database.execute(
            "UPDATE resources SET deleted=NULL, grace=NULL, source=NULL, document=NULL, item=NULL, line=NULL, hash='' "
            "WHERE kind=? AND namespace=? AND name=?",
            (key.kind, key.namespace, key.name),
        )
        add_events(database, now, key, [Happening("Normal", "Kept", "--host names it: it goes on without a document")])


def patch_owned(
    database: sqlite3.Connection, row: Row, resource: Resource, author: str, now: datetime, editor: Editor | None
) -> None:
    """Writes somebody's change of ``row``. Its owner stays the same. ``editor``: who it is, for the audit; None: he notes it
    himself."""
    owners = json.loads(row.metadata).get("ownerReferences", [])
    metadata, spec = compact({**metadata_of(resource), "ownerReferences": owners}), compact(_spec(resource))
    if (row.metadata, row.spec) != (metadata, spec):
        _update(database, row, metadata, spec, now, author)
        if editor is not None:
            changes = difference(json.loads(row.spec), json.loads(spec))
            unaudited.add(database, timestamp(now), row.key, editor, "change", unaudited.fields(row, changes, metadata))


def delete_owned(index: Index, now: datetime, key: Key, annotations: Mapping[str, str]) -> None:
    """Starts the deletion of a resource that the operator made itself. Does nothing where it has gone, is being deleted, or is
    declared."""
    row = index.row(key)
    if row is None or row.file is not None or row.deleted is not None:
        return
    with index.transaction() as database:
        if not kind_of(STORED[key.kind]).torn_down:
            remove(database, key)
            return
        if annotations:
            metadata = json.loads(row.metadata)
            metadata["annotations"] = {**metadata.get("annotations", {}), **annotations}
            database.execute(
                "UPDATE resources SET metadata=? WHERE kind=? AND namespace=? AND name=?",
                (compact(metadata), key.kind, key.namespace, key.name),
            )
        mark_deleted(database, key, now, None)


def take_up(index: Index, instance: uuid.UUID, now: datetime, machine: VirtualMachine, editor: Editor | None) -> bool:
    """Makes a machine that is being deleted from its start: only its teardown is left to do, on the host that it was
    placed on. ``editor``: who asks, for the audit. Returns False where a machine of its name exists; then it does nothing."""
    key = machine.key
    metadata = _metadata(machine)
    if (uid := str(uuid.uuid5(instance, str(key)))) != machine.identity != "":
        place = f"{key.namespace}/{key.name}/{machine.identity}"
        metadata["annotations"] = {**metadata.get("annotations", {}), IDENTITY: place}
    with index.transaction() as database:
        if index.row(key) is not None:
            return False
        placed = [host_finalizer(host) for host in hosts_of(machine.metadata.finalizers)]
        _create(database, key, uid, compact(metadata), compact(_spec(machine)), now, placed)
        mark_deleted(database, key, now, machine.metadata.deletion_grace_period_seconds)
        if editor is not None:
            unaudited.add(database, timestamp(now), key, editor, "delete", "an orphan")
        return True


def _metadata(resource: Resource) -> dict[str, Any]:
    owners = [o.dump(defaults=True) for o in resource.metadata.owner_references]
    return {**metadata_of(resource), "ownerReferences": owners}


def _with_identity(metadata: dict[str, Any], row: Row) -> dict[str, Any]:
    """Returns the metadata. A machine that was migrated here keeps its identity."""
    identity = json.loads(row.metadata).get("annotations", {}).get(IDENTITY)
    if identity is None:
        return metadata
    return {**metadata, "annotations": {**metadata.get("annotations", {}), IDENTITY: identity}}


def _spec(resource: Resource) -> object:
    return resource.spec.dump()


def _create(
    database: sqlite3.Connection, key: Key, uid: str, metadata: str, spec: str, now: datetime, placed: Sequence[str] = ()
) -> None:
    version = next_version(database)
    finalizers = json.dumps([FINALIZER, *placed] if kind_of(STORED[key.kind]).torn_down else [])
    database.execute(
        "INSERT INTO resources (kind, namespace, name, uid, generation, version, changed, metadata, spec, created, finalizers) "
        "VALUES (?,?,?,?,1,?,?,?,?,?,?)",
        (key.kind, key.namespace, key.name, uid, version, version, metadata, spec, timestamp(now), finalizers),
    )
    database.execute("DELETE FROM removals WHERE kind=? AND namespace=? AND name=?", (key.kind, key.namespace, key.name))
    add_revision(database, key, uid, 1, timestamp(now), AUTHOR, None)


def _update(database: sqlite3.Connection, row: Row, metadata: str, spec: str, now: datetime, author: str) -> None:
    key, generation, version = row.key, row.generation + (spec != row.spec), next_version(database)
    database.execute(
        "UPDATE resources SET generation=?, version=?, changed=?, metadata=?, spec=? WHERE kind=? AND namespace=? AND name=?",
        (generation, version, version, metadata, spec, key.kind, key.namespace, key.name),
    )
    if spec != row.spec:
        changes = difference(json.loads(row.spec), json.loads(spec))
        add_revision(database, key, row.uid, generation, timestamp(now), author, changes)
