"""Statuses, events, revisions and errors in the index: what is written while machines run."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from homeostat.models.base import Key
from homeostat.runtime.engine.ports import Event, Happening, SpecRevision
from homeostat.store.errors import FolderProblem

from .index import Index, compact, next_version, timestamp

REPEAT_WINDOW = timedelta(minutes=10)
EVENTS_MAX = 10_000
REVISIONS_MAX = 200
"""How many are stored per resource."""

_TRIM_EVERY = 256


def report(index: Index, now: datetime, key: Key, uid: str, status: str | None, happenings: Sequence[Happening]) -> None:
    """Records the events, and replaces the status (JSON; None: leaves it) of the resource with that uid. All of it is written, or
    nothing."""
    place = (key.kind, key.namespace, key.name)
    if not happenings and (status is None or not _differs(index, place, uid, status)):
        return
    with index.transaction() as database:
        add_events(database, now, key, happenings)
        if status is not None:
            written = database.execute(
                "UPDATE resources SET status=?1, version=1+(SELECT value FROM counters WHERE name='version') "
                "WHERE kind=?2 AND namespace=?3 AND name=?4 AND uid=?5 AND status IS NOT ?1",
                (status, *place, uid),
            )
            if written.rowcount:
                next_version(database)


def _differs(index: Index, place: tuple[str, str, str], uid: str, status: str) -> bool:
    """Tells whether the status differs; False also where the resource has gone."""
    known = index.read("SELECT status FROM resources WHERE kind=? AND namespace=? AND name=? AND uid=?", (*place, uid))
    return bool(known) and known[0][0] != status


def add_events(database: sqlite3.Connection, now: datetime, key: Key, happenings: Sequence[Happening]) -> None:
    """Adds events. Where one says the same as the newest of the resource before it, that one's count goes up and it gets a new
    id, so that followers see it again. An event between two equal ones keeps them apart, so that the order stays."""
    if not happenings:
        return
    count = len(happenings)
    query = "UPDATE counters SET value=value+? WHERE name='event' RETURNING value"
    last = int(database.execute(query, (count,)).fetchone()[0])
    place, time, before = (key.kind, key.namespace, key.name), timestamp(now), None
    for event, happening in enumerate(happenings, last - count + 1):
        said, fields = (happening.reason, happening.message, happening.type), compact(happening.fields)
        # One after another of the same call is only repeated where it is equal.
        if before not in (None, said) or not _repeat(database, event, now, fields, (*place, *said)):
            database.execute(
                "INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,1)",
                (event, time, *place, happening.type, happening.reason, happening.message, fields),
            )
        before = said
    if last // _TRIM_EVERY != (last - count) // _TRIM_EVERY:
        database.execute(
            "DELETE FROM events WHERE id <= (SELECT id FROM events ORDER BY id DESC LIMIT 1 OFFSET ?)", (EVENTS_MAX,)
        )


def _repeat(database: sqlite3.Connection, event: int, now: datetime, fields: str, said: tuple[str, ...]) -> bool:
    """Counts the newest event of a resource once more, where it says the same. Tells whether it does."""
    repeated = database.execute(
        "UPDATE events SET id=?, time=?, fields=?, count=count+1 WHERE id = (SELECT max(id) FROM events WHERE kind=? "
        "AND namespace=? AND name=?) AND reason=? AND message=? AND type=? AND time>=?",
        (event, timestamp(now), fields, *said, timestamp(now - REPEAT_WINDOW)),
    )
    return bool(repeated.rowcount)


def read_events(index: Index, after_id: int = 0, key: Key | None = None, limit: int = 1000) -> list[Event]:
    """Returns the first ``limit`` events after ``after_id``, oldest first. From the beginning (0) it returns the newest ``limit``
    instead."""
    where, values = "id > ?", [after_id]
    parameters: list[Any] = list(values)
    if key is not None:
        where += " AND kind=? AND namespace=? AND name=?"
        parameters += [key.kind, key.namespace, key.name]
    order = "ASC" if after_id else "DESC"
    found = index.read(
        "SELECT id, time, kind, namespace, name, type, reason, message, fields, count FROM events "  # noqa: S608
        f"WHERE {where} ORDER BY id {order} LIMIT ?",
        [*parameters, limit],
    )
    rows = found if after_id else reversed(found)
    return [Event(r[0], r[1], Key(*r[2:5]), r[5], r[6], r[7], json.loads(r[8]), r[9]) for r in rows]


def add_revision(
    database: sqlite3.Connection,
    key: Key,
    uid: str,
    generation: int,
    time: str,
    author: str,
    changes: Mapping[str, tuple[Any, Any]] | None,
) -> None:
    """Adds a revision, and now and then removes the oldest beyond REVISIONS_MAX. ``changes`` None: the resource was created."""
    place = (key.kind, key.namespace, key.name)
    database.execute(
        "INSERT INTO revisions (kind, namespace, name, uid, generation, time, author, changes) VALUES (?,?,?,?,?,?,?,?)",
        (*place, uid, generation, time, author, None if changes is None else compact(changes)),
    )
    if changes is not None and generation % 20 == 0:
        database.execute(
            "DELETE FROM revisions WHERE kind=? AND namespace=? AND name=? AND id <= (SELECT id FROM revisions WHERE "
            "kind=? AND namespace=? AND name=? ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (*place, *place, REVISIONS_MAX),
        )


def read_revisions(index: Index, key: Key) -> list[SpecRevision]:
    """Returns the revisions, newest first."""
    found = index.read(
        "SELECT generation, time, author, changes, commit_id FROM revisions WHERE kind=? AND namespace=? AND name=? "
        "ORDER BY id DESC",
        (key.kind, key.namespace, key.name),
    )
    return [SpecRevision(key, row[0], row[1], row[2], _changes(row[3]), row[4]) for row in found]


def revised_names(index: Index, kind: str, namespace: str, prefix: str) -> list[str]:
    """Returns the names with that beginning of which there are revisions, also of what has gone."""
    found = index.read(
        "SELECT DISTINCT name FROM revisions WHERE kind=? AND namespace=? AND substr(name, 1, ?)=? ORDER BY name",
        (kind, namespace, len(prefix), prefix),
    )
    return [row[0] for row in found]


def wrote(index: Index, author: str) -> bool:
    """Tells whether there are revisions of an author's."""
    return bool(index.read("SELECT 1 FROM revisions WHERE author=? LIMIT 1", (author,)))


def sign_revisions(index: Index, keys: Sequence[Key], after: int, author: str | None, commit: str | None) -> None:
    """Adds the author and commit that git knows to the revisions of ``keys`` that are newer than ``after``."""
    with index.transaction() as database:
        database.executemany(
            "UPDATE revisions SET author=coalesce(?,author), commit_id=? WHERE kind=? AND namespace=? AND name=? AND id>?",
            [(author, commit, key.kind, key.namespace, key.name, after) for key in keys],
        )


def last_revision(index: Index) -> int:
    return int(index.read("SELECT coalesce(max(id), 0) FROM revisions")[0][0])


def read_errors(index: Index) -> list[FolderProblem]:
    found = index.read(
        "SELECT path, line, column_, field, message, kind, namespace, name, severity FROM errors ORDER BY position"
    )
    return [
        FolderProblem(path, line, column, field, message, Key(kind, namespace, name) if kind is not None else None, severity)
        for path, line, column, field, message, kind, namespace, name, severity in found
    ]


def _changes(text: str | None) -> Mapping[str, tuple[Any, Any]] | None:
    if text is None:
        return None
    return {name: (pair[0], pair[1]) for name, pair in json.loads(text).items()}


def difference(old: Any, new: Any, prefix: str = "") -> dict[str, tuple[Any, Any]]:
    """Returns the fields that differ: dotted path -> (old, new). Items of lists that have names are compared by name:
    disks[root].size."""
    if isinstance(old, dict) and isinstance(new, dict):
        found: dict[str, tuple[Any, Any]] = {}
        for name in dict.fromkeys((*old, *new)):
            found |= difference(old.get(name), new.get(name), f"{prefix}.{name}" if prefix else name)
        return found
    if _named(old) and _named(new):
        before = {item["name"]: item for item in old}
        after = {item["name"]: item for item in new}
        found = {}
        for name in dict.fromkeys((*before, *after)):
            found |= difference(before.get(name), after.get(name), f"{prefix}[{name}]")
        if not found and list(before) != list(after):
            found[prefix] = (list(before), list(after))
        return found
    return {} if old == new else {prefix: (old, new)}


def _named(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) and "name" in item for item in value)
