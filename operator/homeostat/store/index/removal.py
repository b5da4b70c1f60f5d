"""How a resource is removed from the index."""

from __future__ import annotations

import sqlite3

from homeostat.models.base import Key

from .index import next_version


def remove(database: sqlite3.Connection, key: Key) -> None:
    """Removes the resource from the index, and leaves a mark for watchers."""
    place = (key.kind, key.namespace, key.name)
    database.execute("DELETE FROM resources WHERE kind=? AND namespace=? AND name=?", place)
    database.execute("INSERT OR REPLACE INTO removals VALUES (?,?,?,?)", (*place, next_version(database)))
    database.execute("DELETE FROM removals WHERE changed <= (SELECT max(changed) FROM removals) - 100000")
