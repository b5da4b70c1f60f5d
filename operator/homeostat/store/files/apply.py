"""One pass from the folder to the index: what is new, changed, moved, doubled or gone; decided first, written at once.

Nothing is taken for removed unless the file it stood in was read to its end, and nothing much is removed at once unasked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from homeostat.models.base import Key, Resource
from homeostat.store.errors import SourceError

from ..index.index import Row
from .folder import Listing
from .reading import EMPTY, FileReader, Memory, SourceDocument, SourceFile, Unopened

PRUNE_ANNOTATION = "homeostat.dev/prune"
BUDGET = 10
"""So many removals in one pass need no confirmation, even if they are more than half of all."""

CONFIRM = "if that is meant, confirm it with `homeostat apply --prune`"


@dataclass(slots=True)
class Pass:
    """What one pass is going to write."""

    create: list[SourceDocument] = field(default_factory=list)
    update: list[tuple[Row, SourceDocument]] = field(default_factory=list)
    move: list[tuple[Row, SourceDocument]] = field(default_factory=list)
    delete: list[Row] = field(default_factory=list)
    refused: tuple[Key, ...] = ()
    refusal: str = ""
    errors: list[SourceError] = field(default_factory=list)
    files: list[SourceFile] = field(default_factory=list)
    forget: list[str] = field(default_factory=list)  # files that have gone

    def complain(self, path: str, message: str, *, key: Key | None = None, line: int = 0, notice: bool = False) -> None:
        self.errors.append(SourceError(path, line, 1 if line else 0, "", message, key, "Notice" if notice else "Error"))


def decide(
    listing: Listing, reader: FileReader, memory: Memory, rows: Sequence[Row], allowed: frozenset[Key], folder: str
) -> Pass:
    """Compares the folder with the resources in force. Writes nothing; raises nothing that the folder could cause."""
    work = Pass()
    unread = _read_files(work, listing, reader, memory)
    if listing.missing:
        work.complain("", f"the folder {folder} cannot be read: {listing.missing}. Nothing is deleted because of that")
    in_force = {row.key: row for row in rows}
    sources = {row.source for row in rows if row.source}
    for file in work.files:
        _report_file(work, file, sources)
    declared = _choose(work, in_force, reader)
    for file in work.files:
        declared |= {d.key for d in file.documents if d.state == "Invalid" and d.key}
    _prune(work, listing, rows, declared, unread, allowed, folder)
    work.errors.sort(key=lambda e: (e.severity, e.path, e.line, e.column, e.field, e.message))
    return work


def _read_files(work: Pass, listing: Listing, reader: FileReader, memory: Memory) -> dict[str, str]:
    """Fills ``work.files``; returns what could not be read, with the reason."""
    unread = dict(listing.unreadable)
    seen = set()
    for found in listing.files:
        seen.add(found.path)
        try:
            work.files.append(reader.read(found))
        except Unopened as error:
            unread[found.path] = str(error)
    for path, reason in unread.items():
        work.complain(path, f"{reason}; what it declared stays in force")
    for path, known in memory.files.items():
        if listing.missing or covered(path, unread):
            known.known = True  # as it was last read
            work.files.append(known)
        elif path not in seen:
            work.forget.append(path)
    return unread


def covered(path: str, places: Iterable[str]) -> bool:
    """Whether ``path`` is one of ``places`` or lies below one."""
    return any(path == place or path.startswith(place + "/") for place in places)


def _report_file(work: Pass, file: SourceFile, sources: set[str]) -> None:
    for problem in file.problems:
        work.errors.append(SourceError(file.path, problem.line, problem.column, problem.field, problem.message))
    if file.digest == EMPTY and file.path in sources:
        work.complain(file.path, "is empty; what it declared stays in force. Delete the file to remove that", notice=True)
    for document in file.documents:
        for problem in document.problems:
            work.errors.append(
                SourceError(
                    file.path, problem.line, problem.column, problem.field, problem.message, document.key,
                    "Notice" if document.state == "Foreign" else "Error",
                )
            )  # fmt: skip


def _choose(work: Pass, in_force: Mapping[Key, Row], reader: FileReader) -> set[Key]:
    """Settles which document speaks for each key, and what that changes. Returns the keys that are declared."""
    candidates: dict[Key, list[tuple[SourceDocument, SourceFile]]] = {}
    for file in work.files:
        for document in file.documents:
            if document.state == "Valid" and document.key:
                candidates.setdefault(document.key, []).append((document, file))
    for key, found in candidates.items():
        row = in_force.get(key)
        chosen, file = min(found, key=lambda pair: _precedence(pair[0], row))
        for other, _ in found:
            if other is not chosen:
                work.complain(
                    other.path, f"{key} is declared in {chosen.place} already, and that one is in force: remove one of the two",
                    key=key, line=other.line,
                )  # fmt: skip
        _compare(work, row, chosen, file, reader)
    return set(candidates)


def _precedence(document: SourceDocument, row: Row | None) -> tuple[bool, bool, bool, str, int, int]:
    """The smallest speaks: what is in force already, else the first in the order of paths."""
    known = row is not None and row.source == document.path
    same = row is not None and row.hash == document.hash
    stands = row is not None and (row.document, row.item) == (document.document, document.item)
    item = -1 if document.item is None else document.item
    return (not known, not (known and same), not (known and stands), document.path, document.document, item)


def _compare(work: Pass, row: Row | None, document: SourceDocument, file: SourceFile, reader: FileReader) -> None:
    if row is None:
        if reader.load(document, file) is not None:
            work.create.append(document)
        return
    if row.source is None:
        work.complain(
            document.path, f"{row.key} belongs to another resource, which made it: choose another name", key=row.key,
            line=document.line,
        )  # fmt: skip
    elif row.deleted is not None:
        work.complain(
            document.path, f"{row.key} is still being deleted; it is made anew once it has gone", key=row.key,
            line=document.line, notice=True,
        )  # fmt: skip
    elif row.hash != document.hash:
        if reader.load(document, file) is not None:
            work.update.append((row, document))
    elif (row.source, row.document, row.item, row.line) != (
        document.path, document.document, document.item, document.line,
    ):  # fmt: skip
        work.move.append((row, document))


def _prune(
    work: Pass,
    listing: Listing,
    rows: Sequence[Row],
    declared: set[Key],
    unread: Mapping[str, str],
    allowed: frozenset[Key],
    folder: str,
) -> None:
    """Finds the resources whose documents have gone, and decides whether they may go."""
    mine = [row for row in rows if row.source is not None and row.deleted is None]
    unsure = {file.path for file in work.files if not file.complete or file.digest == EMPTY}
    gone = []
    for row in mine:
        source = row.source or ""
        if row.key in declared or source in unsure or covered(source, unread):
            continue
        if json.loads(row.metadata).get("annotations", {}).get(PRUNE_ANNOTATION) == "disabled":
            work.complain(
                source, f"{row.key} is declared nowhere any more; its annotation {PRUNE_ANNOTATION}: disabled keeps it. "
                "Delete it by name if it shall go", key=row.key, notice=True,
            )  # fmt: skip
            continue
        gone.append(row)
    keys = tuple(sorted(row.key for row in gone))
    if not keys:
        return
    reason = ""
    if not listing.files:
        reason = f"the folder {folder} holds no YAML any more, so {_count(keys)} would be deleted"
    elif len(keys) > BUDGET and 2 * len(keys) > len(mine):
        reason = f"{len(keys)} of {len(mine)} resources would be deleted at once"
    if reason and not allowed.issuperset(keys):
        work.refused, work.refusal = keys, f"{reason}; none of them was: {CONFIRM}"
        work.complain("", work.refusal)
    else:
        work.delete = gone


def _count(keys: Sequence[Key]) -> str:
    return str(keys[0]) if len(keys) == 1 else f"{len(keys)} resources"


def metadata_of(resource: Resource) -> dict[str, object]:
    """What of a document's metadata is kept beside its name."""
    meta: dict[str, object] = {}
    if resource.metadata.labels:
        meta["labels"] = dict(resource.metadata.labels)
    if resource.metadata.annotations:
        meta["annotations"] = dict(resource.metadata.annotations)
    return meta
