"""Compares the folder with the resources in force: what is new, changed, moved, declared twice or gone. Writes nothing.

What is gone, also from within a resource, is only found here, together with what speaks against it. ``removal`` decides whether
it may go.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from homeostat.models.base import Key, Resource
from homeostat.models.host import Host
from homeostat.store.errors import FolderProblem, Severity

from ...index.row import Row
from ..reading.files import EMPTY, OTHERS, FileReader, FolderDocument, FolderFile, LastPass, Unopened
from ..reading.folder import Listing
from ..reading.unfinished import ends_whole
from .folders import HIDDEN, another_folder, covered
from .remembered import Remembered
from .removal import Loss, takes_away

PRUNE_ANNOTATION = "homeostat.dev/prune"
LONG = 5.0
"""Seconds without a write, after which a file that is open for writing is reported."""
FRESH = 60.0
"""Seconds after its last write in which a file may still receive what has left another one."""


@dataclass(frozen=True, slots=True)
class Absent:
    """A resource that no document declares any more, and the doubt about that (empty: nothing speaks against it)."""

    row: Row
    doubt: str
    stood_in: str  # the content that the file that declared it has now; empty: there is no file


@dataclass(frozen=True, slots=True)
class Reduction:
    """A changed document that takes away something which is deleted then."""

    row: Row
    document: FolderDocument
    loss: Loss


@dataclass(slots=True)
class Pass:
    """What one pass will write."""

    create: list[FolderDocument] = field(default_factory=list)
    update: list[tuple[Row, FolderDocument]] = field(default_factory=list)
    reductions: list[Reduction] = field(default_factory=list)  # those that come into force now are in ``update`` too
    move: list[tuple[Row, FolderDocument]] = field(default_factory=list)
    keep: list[tuple[Row, FolderDocument]] = field(default_factory=list)  # they came back while they were being deleted
    absent: list[Absent] = field(default_factory=list)
    delete: list[Row] = field(default_factory=list)  # the absent ones that go now
    held: dict[Key, str] = field(default_factory=dict)  # those that wait for a confirmation, with the reason
    unfinished: dict[str, str] = field(default_factory=dict)  # files that change and are not whole yet, with the reason
    renamed: dict[Key, Key] = field(default_factory=dict)  # absent ones -> what is in their place now
    errors: list[FolderProblem] = field(default_factory=list)
    files: list[FolderFile] = field(default_factory=list)
    forget: list[str] = field(default_factory=list)  # files that have gone

    def complain(
        self, path: str, message: str, *, key: Key | None = None, line: int = 0, severity: Severity = "Error"
    ) -> None:  # fmt: skip
        self.errors.append(FolderProblem(path, line, 1 if line else 0, "", message, key, severity))

    def sort_errors(self) -> None:
        self.errors.sort(key=lambda e: (e.severity, e.path, e.line, e.column, e.field, e.message))


def compare(
    listing: Listing, reader: FileReader, memory: LastPass, rows: Sequence[Row], known: Remembered, folder: str
) -> Pass:  # fmt: skip
    """Compares the folder with the index. Writes nothing, and raises nothing that the folder could cause."""
    work = Pass()
    unread = _read_files(work, listing, reader, memory)
    if listing.missing:
        work.complain("", f"the folder {folder} cannot be read: {listing.missing}. Nothing is deleted because of that")
    in_force = {row.key: row for row in rows}
    for file in work.files:
        if not file.flawless and not reader.why_unfinished(file.path):  # a half-written file is wrong only for a moment
            _report_file(work, file)
    declared = _choose(work, in_force, reader)
    for file in work.files:
        declared |= {d.key for d in file.documents if d.state in ("Invalid", "Broken") and d.key}
    _find_absent(work, listing, rows, declared, unread, known, reader)
    _tell_unfinished(work, listing, reader)
    work.sort_errors()
    return work


def _read_files(work: Pass, listing: Listing, reader: FileReader, memory: LastPass) -> dict[str, str]:
    """Fills ``work.files``. Returns what could not be read, with the reason."""
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
            known.known = True  # it counts as it was last read
            work.files.append(known)
        elif path not in seen:
            work.forget.append(path)
    return unread


def _report_file(work: Pass, file: FolderFile) -> None:
    for problem in file.problems:
        work.errors.append(FolderProblem(file.path, problem.line, problem.column, problem.field, problem.message))
    for document in file.documents:
        for problem in document.problems:
            work.errors.append(
                FolderProblem(
                    file.path, problem.line, problem.column, problem.field, problem.message,
                    document.key if document.state != "Foreign" else None,
                    "Notice" if document.state in OTHERS else "Error",
                )
            )  # fmt: skip


def _choose(work: Pass, in_force: Mapping[Key, Row], reader: FileReader) -> set[Key]:
    """Decides which document declares each key, and what that changes. Returns the keys that are declared."""
    candidates: dict[Key, list[tuple[FolderDocument, FolderFile]]] = {}
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
        _compare_document(work, row, chosen, file, reader)
    return set(candidates)


def _precedence(document: FolderDocument, row: Row | None) -> tuple[bool, bool, bool, str, int, int]:
    """Returns the sort key of a document; the smallest one counts. That is the one in force already, or the first in the order of
    paths."""
    known = row is not None and row.file == document.path
    same = row is not None and row.hash == document.hash
    stands = row is not None and (row.document, row.item) == (document.document, document.item)
    item = -1 if document.item is None else document.item
    return (not known, not (known and same), not (known and stands), document.path, document.document, item)


def _compare_document(work: Pass, row: Row | None, document: FolderDocument, file: FolderFile, reader: FileReader) -> None:
    if row is None:
        if reader.whole(document) and reader.load(document, file) is not None:
            work.create.append(document)
        return
    if row.file is None and not _nobodys(row):
        work.complain(
            document.path, f"{row.key} belongs to another resource, which made it: choose another name", key=row.key,
            line=document.line,
        )  # fmt: skip
    elif row.deleted is not None:
        if reader.whole(document) and reader.load(document, file) is not None:
            work.keep.append((row, document))
    elif row.hash != document.hash:
        if not reader.whole(document) or reader.load(document, file) is None:
            return
        before = json.loads(row.spec)
        beginning = reader.is_beginning(document, file, before)
        if beginning and not ends_whole(file.real):  # it ends within a line, or a field
            work.complain(
                document.path, f"{row.key} ends here in the middle of what it was, so that stays in force: write the rest, or "
                "end the file with a newline, and with a value behind its last key, if this is all",
                key=row.key, line=document.line,
            )  # fmt: skip
        elif (loss := _loss(row.kind, before, document) or (CUT if beginning else None)) and not reader.trusts(document):
            work.reductions.append(Reduction(row, document, loss))
        else:
            work.update.append((row, document))
    elif (row.file, row.document, row.item, row.line) != (
        document.path, document.document, document.item, document.line,
    ):  # fmt: skip
        work.move.append((row, document))


CUT = Loss("its end is missing", 0)
"""A copy that was cut off between two lines looks like an edit that removes the last ones. So it must have settled."""


def _loss(kind: str, before: Mapping[str, Any], document: FolderDocument) -> Loss | None:
    return takes_away(kind, before, document.resource.spec.dump()) if document.resource is not None else None


def _tell_unfinished(work: Pass, listing: Listing, reader: FileReader) -> None:
    """Reports the files that stay open for long. Most are closed a moment later."""
    work.unfinished = {path: reason for path, reason in reader.unfinished.items() if reason}
    for found in listing.files:
        reason = work.unfinished.get(found.path)
        if reason and time.time_ns() - found.changed_at > LONG * 1e9:
            work.complain(found.path, f"{reason}: what has changed in it comes into force after that", severity="Notice")


def undeclared(row: Row) -> bool:
    """Tells whether a row is a host that was made because no document declares it. A document may come."""
    return row.kind == Host.KIND and row.file is None and row.deleted is None


def _nobodys(row: Row) -> bool:
    """Tells whether a row is an orphan that is being deleted, or undeclared. Its document may come like any other."""
    return undeclared(row) or (row.deleted is not None and not json.loads(row.metadata).get("ownerReferences"))


def _find_absent(
    work: Pass,
    listing: Listing,
    rows: Sequence[Row],
    declared: set[Key],
    unread: Mapping[str, str],
    known: Remembered,
    reader: FileReader,
) -> None:
    """Finds the resources whose documents have gone, and what speaks against that."""
    gone = [row for row in rows if row.file is not None and row.deleted is None and row.key not in declared]
    gone = [row for row in gone if not _prune_disabled(work, row)]
    if not gone:
        return
    anywhere = "the folder cannot be read" if listing.missing else next(_unidentified(work.files, unread), "")
    fresh = [found.path for found in listing.files if time.time_ns() - found.changed_at < FRESH * 1e9]
    anywhere = anywhere or next((f"{path} {why}" for path in fresh if (why := reader.why_unfinished(path))), "")
    files, in_force = {file.path: file for file in work.files}, {row.key for row in rows}
    for row in gone:
        path = row.file or ""
        file, new = files.get(path), _renamed(work, row, known, declared)
        if new:
            work.renamed[row.key] = new
        doubt = (
            anywhere
            or (f"{path} is a folder now" if path in listing.folders else "")
            or (_silence(file, row, in_force) if file else another_folder(path, known.folders, listing))
            or (HIDDEN if row.key in known.hidden else "")
            or (_slip(path, row, new) if new else "")
        )
        work.absent.append(Absent(row, doubt, file.digest if file else ""))


def _slip(path: str, row: Row, new: Key) -> str:
    was, now = (row.name, new.name) if row.namespace == new.namespace else (f"{k.namespace}/{k.name}" for k in (row, new))
    return f"{path} says {now} where it said {was}, which may be a slip of the pen"


def _prune_disabled(work: Pass, row: Row) -> bool:
    if json.loads(row.metadata).get("annotations", {}).get(PRUNE_ANNOTATION) != "disabled":
        return False
    work.complain(
        row.file or "", f"{row.key} is declared nowhere any more; its annotation {PRUNE_ANNOTATION}: disabled keeps it. "
        "Delete it by name if it shall go", key=row.key, severity="Notice",
    )  # fmt: skip
    return True


def _unidentified(files: Sequence[FolderFile], unread: Mapping[str, str]) -> Iterator[str]:
    """Yields what might be any resource, wherever in the folder it is: documents are moved, and files are merged."""
    for path, reason in sorted(unread.items()):
        yield f"{path} {reason}, so it may be in there"
    for file in files:
        for problem in file.problems:
            yield f"{file.path}:{problem.line} cannot be read, so it may be in there"
        for document in file.documents:
            if document.state == "Broken" or (document.state == "Invalid" and document.key is None):
                yield f"{document.place} is wrong, and may hold it"


def _silence(file: FolderFile, row: Row, in_force: Collection[Key]) -> str:
    """Says why the file that declared ``row`` may not have dropped it on purpose; empty: it has."""
    if file.digest == EMPTY:
        return f"{file.path} is empty: delete the file to remove what it declared"
    if file.silent:
        return f"{file.path} says nothing any more: delete the file to remove what it declared"
    for document in file.documents:
        if document.state == "Empty" and document.document == row.document:
            return f"{document.place} says nothing where it stood: remove that document's dashes too"
        if document.state == "Part":
            return f"{document.place} {document.problems[0].message.partition(';')[0]}" if document.problems else document.place
        if document.state == "Foreign" and document.key and _named_alike(document.key, row.key):
            return f"{document.place} has its name, but another apiVersion and kind"
        if document.state in ("Invalid", "Stray") and document.key not in in_force:
            return f"{document.place} is not valid, and may be it under another name"
    if not ends_whole(file.real):
        return f"{file.path} ends within a line or behind a bare key, so it may have been cut off: end it with a newline"
    return ""


def _named_alike(one: Key, other: Key) -> bool:
    return (one.namespace, one.name) == (other.namespace, other.name)


def _renamed(work: Pass, row: Row, known: Remembered, declared: set[Key]) -> Key | None:
    """Returns the new resource in its very place: another machine instead of it, or the same one with a letter missing."""
    before = known.renamed.get(row.key)
    if before in declared:
        return before
    for document in work.create:
        place = (document.path, document.document, document.item)
        if document.key and document.key.kind == row.kind and place == (row.file, row.document, row.item):
            return document.key
    return None


def metadata_of(resource: Resource) -> dict[str, object]:
    """Returns what the index stores of a document's metadata, apart from its name."""
    meta: dict[str, object] = {}
    if resource.metadata.labels:
        meta["labels"] = dict(resource.metadata.labels)
    if resource.metadata.annotations:
        meta["annotations"] = dict(resource.metadata.annotations)
    return meta
