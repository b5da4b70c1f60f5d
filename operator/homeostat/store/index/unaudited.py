"""Changes that no API made: by an editor, by git, by commands, by others of a cluster. Each is written in the transaction that
takes it into the index, and goes when the audit has it. Where there is no audit the newest ones stay."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from homeostat.models.base import Key

from .index import Index
from .records import difference
from .row import Row

EditedBy = Literal["folder", "git", "cli", "cluster"]

GONE = 2**62
"""The position of the end of a cluster's object: after all of its generations."""
KEPT_MAX = 10_000
_TRIM_EVERY = 256
FIELDS_MAX = 20  # of a change that are named


@dataclass(frozen=True, slots=True)
class Editor:
    """Who edits: how, his name as a text ("" not known), and where."""

    how: EditedBy
    author: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Unaudited:
    """A change that the audit does not have yet.

    ``source`` and ``position`` say which one it is: of one source, whoever has a position has all before it.
    """

    id: int
    time: str
    key: Key
    editor: Editor
    verb: str
    message: str
    source: str
    position: int


def add(
    database: sqlite3.Connection,
    time: str,
    key: Key,
    editor: Editor,
    verb: str,
    message: str = "",
    *,
    ready: bool = True,
    object: str = "",
    generation: int = 0,
) -> None:
    """Adds a change, in somebody's transaction. ``ready`` False: who it was is asked for still, see ``sign`` and ``release``."""
    added = database.execute(
        "INSERT INTO unaudited (time, kind, namespace, name, how, author, place, verb, message, object, generation, ready) "
        "VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            time, key.kind, key.namespace, key.name, editor.how, editor.author, editor.place, verb, message,
            object, generation, ready,
        ),
    ).lastrowid  # fmt: skip
    if (added or 0) % _TRIM_EVERY == 0:
        database.execute("DELETE FROM unaudited WHERE id <= ?", ((added or 0) - KEPT_MAX,))


def sign(index: Index, keys: Sequence[Key], author: str, commit: str) -> None:
    """Says of which commit the changes of ``keys`` are that are not ready yet."""
    with index.transaction() as database:
        database.executemany(
            "UPDATE unaudited SET how='git', author=?, place=place || ? WHERE ready=0 AND kind=? AND namespace=? AND name=?",
            [(author, f", commit {commit[:12]}", key.kind, key.namespace, key.name) for key in keys],
        )


def release(index: Index) -> None:
    """Lets the audit have what is not ready: nobody asks any more who it was. The caller holds the lock of those who do."""
    if index.read("SELECT 1 FROM unaudited WHERE ready=0 LIMIT 1"):
        with index.transaction() as database:
            database.execute("UPDATE unaudited SET ready=1 WHERE ready=0")


def read(index: Index, limit: int) -> Sequence[Unaudited]:
    """Returns the first ``limit`` of them, oldest first, up to the first that is not ready."""
    found = index.read(
        "SELECT id, time, kind, namespace, name, how, author, place, verb, message, object, generation FROM unaudited "
        "WHERE id < coalesce((SELECT min(id) FROM unaudited WHERE ready=0), 9223372036854775807) ORDER BY id LIMIT ?",
        (limit,),
    )
    own = index.setting("unaudited") or ""
    return [
        Unaudited(r[0], r[1], Key(*r[2:5]), Editor(*r[5:8]), r[8], r[9], r[10] or own, r[11] if r[10] else r[0]) for r in found
    ]


def forget(index: Index, up_to: int) -> None:
    """Removes those up to an id: the audit has them."""
    with index.transaction() as database:
        database.execute("DELETE FROM unaudited WHERE id <= ?", (up_to,))


def fields(row: Row, changes: Iterable[str], metadata: str) -> str:
    """Returns which fields a change of ``row`` is about, without what it says of them. ``changes``: the paths within its spec."""
    names = [f"spec.{path}" for path in changes]
    if metadata != row.metadata:
        names += [f"metadata.{path}" for path in difference(json.loads(row.metadata), json.loads(metadata))]
    more = f" and {len(names) - FIELDS_MAX} more" if len(names) > FIELDS_MAX else ""
    return ", ".join(names[:FIELDS_MAX]) + more
