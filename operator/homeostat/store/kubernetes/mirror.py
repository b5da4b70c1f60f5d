"""Takes what the API server reports into the index, so that readers never ask the server."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from homeostat.models.base import OWNER, Key
from homeostat.models.kinds import STORED
from homeostat.planner.placement import PLACEMENTS

from ..index.index import Index, compact, next_version, timestamp
from ..index.records import add_revision, difference
from ..index.removal import remove
from ..index.row import Row
from . import audited
from .objects import Mirrored, Object, author_of, mirrored

log = logging.getLogger(__name__)

TOMBSTONES = 10_000
"""Uids of objects that have gone, remembered because an older report of them may come late."""


@dataclass(frozen=True, slots=True)
class KnownVersions:
    """What was known of a kind before a list of it was asked for."""

    versions: Mapping[Key, tuple[str, str]]  # uid and resourceVersion
    gone: frozenset[str]  # uids of those that had gone


class Mirror:
    """Writes objects into the index, for any thread. Of two versions of an object the newer one counts, whoever brings it; but a
    list counts more than what was known before it was asked for: a cluster that was restored from a backup goes on from there,
    with lower versions, and has again what had been deleted."""

    def __init__(self, index: Index, *, told: bool = False) -> None:
        """Takes the index. ``told``: writes down for the audit what others than Homeostat changed."""
        self._index = index
        self._told = told
        self._gone: OrderedDict[str, None] = OrderedDict()
        self._since: dict[Key, str] = {}  # the resourceVersion since which only operators changed it, as far as we know
        self._guard = threading.Lock()

    def take(self, items: Iterable[Object], gone: Iterable[Object] = ()) -> None:
        """Takes in ``items`` as they are now, and removes those in ``gone``, in one step."""
        self._apply([k for item in items if (k := _mirrored(item))], [k for item in gone if (k := _mirrored(item))])

    def replace(self, kind: str, items: Sequence[Object], before: KnownVersions) -> None:
        """Takes in all objects of a kind. Those that were known ``before`` the list was asked for and are not in ``items`` have
        gone meanwhile."""
        now = {k.key: k for item in items if (k := _mirrored(item))}
        missing = [(key, uid) for key, (uid, _) in before.versions.items() if key not in now or now[key].uid != uid]
        with self._guard, self._index.transaction() as database:
            for key, uid in missing:
                row = self._index.row(key)
                if row is not None and row.uid == uid:
                    self._tell_gone(database, row)
                    self._remove(database, key, row.uid)
            for object in now.values():
                if self._says_more(object, before):
                    self._gone.pop(object.uid, None)
                    self._put(database, object)

    def forget(self, key: Key, uid: str | None) -> None:
        """Removes an object that has gone."""
        with self._guard:
            row = self._index.row(key)
            if row is None or (uid is not None and row.uid != uid):
                return
            with self._index.transaction() as database:
                self._remove(database, key, row.uid)

    def same_since(self, key: Key, now: Object, version: str) -> bool:
        """Tells whether, between a resourceVersion and ``now``, only operators changed the object: its status, its finalizers, or
        where it was placed."""
        row, current, since = self._index.row(key), _mirrored(now), self._since.get(key)
        if row is None or current is None or since is None or _written(row) != _written(current) or row.uid != current.uid:
            return False
        return not newer(since, version) and not newer(version, current.resource_version)

    def known(self, kind: str) -> KnownVersions:
        """Returns what is known of a kind by now: ask before you ask for a list."""
        with self._guard:
            rows = self._index.read("SELECT namespace, name, uid, hash FROM resources WHERE kind=?", (kind,))
            return KnownVersions({Key(kind, *row[:2]): (row[2], row[3]) for row in rows}, frozenset(self._gone))

    def count(self, kind: str) -> int:
        return int(self._index.read("SELECT count(*) FROM resources WHERE kind=?", (kind,))[0][0])

    def _apply(self, items: Sequence[Mirrored], gone: Sequence[Mirrored]) -> None:
        with self._guard:
            items = [item for item in items if self._is_newer(item)]
            if not items and not gone:
                return
            with self._index.transaction() as database:
                for item in items:
                    if self._is_newer(item):  # than the one before it in this step, too
                        self._put(database, item)
                for item in gone:
                    row = self._index.row(item.key)
                    if row is not None and row.uid == item.uid:
                        self._tell_gone(database, row, item)
                        self._remove(database, item.key, item.uid)
                    self._bury(item.uid)

    def _is_newer(self, item: Mirrored) -> bool:
        if item.uid in self._gone:
            return False
        row = self._index.row(item.key)
        return row is None or row.uid != item.uid or newer(item.resource_version, row.hash)

    def _says_more(self, listed: Mirrored, before: KnownVersions) -> bool:
        """Tells whether to take in an object of a list: it is newer, or another one than what was known before the list was asked
        for, of which nothing was heard since."""
        if listed.uid in self._gone:
            return listed.uid in before.gone
        row = self._index.row(listed.key)
        if row is not None and before.versions.get(listed.key) == (listed.uid, row.hash):
            return row.hash != listed.resource_version
        return self._is_newer(listed)

    def _put(self, database: sqlite3.Connection, item: Mirrored) -> None:
        row = self._index.row(item.key)
        if row is not None and row.uid != item.uid:
            self._tell_gone(database, row)
            self._remove(database, item.key, row.uid)
            row = None
        version = next_version(database)
        new = row is None or _desired(row) != item.desired
        changed = version if new or row is None else row.changed
        if row is None or item.key not in self._since or _written(row) != _written(item):
            self._since[item.key] = item.resource_version
        database.execute(
            "INSERT OR REPLACE INTO resources (kind, namespace, name, uid, generation, version, changed, metadata, spec, status, "
            "hash, created, deleted, grace, finalizers) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                item.key.kind, item.key.namespace, item.key.name, item.uid, item.generation, version, changed, item.metadata,
                item.spec, item.status, item.resource_version, item.created, item.deleted, item.grace, item.finalizers,
            ),
        )  # fmt: skip
        if row is None:
            database.execute(
                "DELETE FROM removals WHERE kind=? AND namespace=? AND name=?", (item.key.kind, item.key.namespace, item.key.name)
            )
        self._record_revision(database, row, item)
        if self._told:
            audited.tell_written(database, row, item)

    def _record_revision(self, database: sqlite3.Connection, row: Row | None, item: Mirrored) -> None:
        if row is None:
            add_revision(database, item.key, item.uid, item.generation, item.created, _maker(item), None)
        elif row.spec != item.spec:
            changes = difference(json.loads(row.spec), json.loads(item.spec))
            now = timestamp(datetime.now(UTC))
            add_revision(database, item.key, item.uid, item.generation, now, author_of(item.managed, changes), changes)

    def _tell_gone(self, database: sqlite3.Connection, row: Row, last: Mirrored | None = None) -> None:
        if self._told:
            audited.tell_gone(database, row, last)

    def _remove(self, database: sqlite3.Connection, key: Key, uid: str) -> None:
        remove(database, key)
        self._since.pop(key, None)
        self._bury(uid)

    def _bury(self, uid: str) -> None:
        self._gone[uid] = None
        if len(self._gone) > TOMBSTONES:
            self._gone.popitem(last=False)


def _maker(item: Mirrored) -> str:
    """Returns who made it. What came by the API is of the account that its label names, if it had one."""
    author = author_of(item.managed)
    return str(json.loads(item.metadata).get("labels", {}).get(OWNER, author)) if author == "api" else author


def newer(version: str, known: str) -> bool:
    """Tells whether one resourceVersion of an object comes after another. They are numbers of etcd that only grow:
    https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions"""
    if version.isdigit() and known.isdigit():
        return int(version) > int(known)
    return version != known


def _desired(row: Row) -> tuple[object, ...]:
    return (row.metadata, row.spec, row.deleted, row.grace, row.finalizers)


def _written(item: Row | Mirrored) -> tuple[object, ...]:
    """Returns what others than operators write."""
    metadata = item.metadata
    if PLACEMENTS in metadata:
        parts = json.loads(metadata)
        parts["annotations"].pop(PLACEMENTS, None)
        metadata = compact({name: part for name, part in parts.items() if part})
    return (metadata, item.spec, item.deleted)


def _mirrored(item: Object) -> Mirrored | None:
    try:
        found = mirrored(item)
    except (KeyError, TypeError, ValueError) as error:
        log.warning("the API server sent something that is no object: %r", error)
        return None
    return found if found.key.kind in STORED else None
