"""Writes down for the audit what others than Homeostat did in a cluster, as far as its objects say."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from typing import Any

from homeostat.models.base import Key
from homeostat.planner.files.trash import DELETED_BY

from ..index import unaudited
from ..index.index import timestamp
from ..index.records import difference
from ..index.row import Row
from ..index.unaudited import Editor
from .objects import Mirrored, author_of, deleter_of

OURS = frozenset({"api", "operator"})
"""Who notes by himself what he does, and who does only what others asked for."""


def tell_written(database: sqlite3.Connection, row: Row | None, item: Mirrored) -> None:
    """Writes down a new object, another spec, or a deletion that has begun. ``row``: the object as it was; None: not known."""
    if row is None:
        _add(database, item.key, item.uid, item.generation, "create", author_of(item.managed), at=item.created)
    elif row.spec != item.spec:
        fields = difference(json.loads(row.spec), json.loads(item.spec))
        authors = sorted({author_of(item.managed, (field,)) for field in fields} - OURS)
        said = unaudited.fields(row, fields, row.metadata)
        _add(database, item.key, item.uid, item.generation, "change", ", ".join(authors), said)
    if item.deleted is not None and (row is None or row.deleted is None):
        _tell_deleted(database, item.key, item.uid, json.loads(item.metadata), deleter_of(item.managed))


def tell_gone(database: sqlite3.Connection, row: Row, last: Mirrored | None) -> None:
    """Writes down that an object has gone, unless its deletion had begun before. ``last``: how it was at the end, if known."""
    if row.deleted is not None:
        return
    if last is not None:
        _tell_deleted(database, row.key, row.uid, json.loads(last.metadata), deleter_of(last.managed))
    else:
        metadata = json.loads(row.metadata)
        _tell_deleted(database, row.key, row.uid, metadata, "api" if DELETED_BY in metadata.get("annotations", {}) else "")


def _tell_deleted(database: sqlite3.Connection, key: Key, uid: str, metadata: dict[str, Any], author: str) -> None:
    if not metadata.get("ownerReferences"):  # else it goes with its owner, which is nobody's doing
        _add(database, key, uid, unaudited.GONE, "delete", author or "unknown")


def _add(
    database: sqlite3.Connection, key: Key, uid: str, generation: int, verb: str, author: str, said: str = "", at: str = ""
) -> None:
    if author and author not in OURS:
        editor = Editor("cluster", "" if author == "unknown" else author)
        now = at or timestamp(datetime.now(UTC))
        unaudited.add(database, now, key, editor, verb, said, object=uid, generation=generation)
