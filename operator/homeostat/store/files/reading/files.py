"""Reads the files of a listing, and as little of them as possible. A file with the same stat is not opened. A file with the same
bytes is not parsed. A document whose hash is known to be valid is not validated."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from homeostat.models.base import Key, Resource
from homeostat.store.errors import DocumentProblem

from ...index.index import Index, compact
from ..text import documents, jsontext
from ..text.reader import TWICE, Document, UnreadableDocument
from ..text.templates import TEMPLATE
from ..text.values import equal
from .folder import FoundFile, read_file
from .parts import BuildPart
from .positions import Positions
from .unfinished import is_beginning, unfinished
from .validate import Rejected, foreign, identify, require_kind, stray, validate, whose

DocumentState = Literal["Valid", "Invalid", "Broken", "Stray", "Foreign", "Part", "Empty"]
"""Broken: it was read, but its structure is wrong, so it may hold more than the resource that it seems to be. Stray: no resource,
and not one that lost a part of itself. Foreign: it belongs to another system. Part: something is built of it,
see ``parts``. Empty: it says nothing."""
OTHERS: frozenset[DocumentState] = frozenset({"Stray", "Foreign", "Part"})
"""What is left alone, with a notice."""

RACY = 0.1
"""Seconds. A file that changed this shortly before it was read may change again with the same time stamps."""
PROBLEMS_MAX = 50
"""Problems per file and per document. Hostile input must not fill the index."""
PLACED_MAX = 1_000
"""Documents of one pass whose mistakes are looked up in their text. Of any more, only the first mistake is reported, at the line
of the document."""
EMPTY = "empty"


@dataclass(slots=True)
class FolderDocument:
    """What is known of one document. ``resource`` is set only where the document was validated just now."""

    path: str
    document: int
    item: int | None
    line: int
    state: DocumentState
    key: Key | None
    hash: str
    problems: list[DocumentProblem] = field(default_factory=list)
    resource: Resource | None = None
    chunk: str = ""  # the digest of its text, and its line in that

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(slots=True)
class FolderFile:
    path: str
    real: str
    signature: str
    digest: str
    problems: list[DocumentProblem] = field(default_factory=list)  # problems of the whole file, such as syntax errors
    documents: list[FolderDocument] = field(default_factory=list)
    known: bool = False  # exactly as the index has it

    @property
    def flawless(self) -> bool:
        return not self.problems and not any(document.problems for document in self.documents)

    @property
    def silent(self) -> bool:
        """Tells whether it can be read and says nothing at all."""
        return not self.problems and all(document.state == "Empty" for document in self.documents)


@dataclass(slots=True)
class LastPass:
    """What the index remembers of the last pass."""

    files: dict[str, FolderFile] = field(default_factory=dict)
    valid: dict[str, set[Key]] = field(default_factory=dict)  # hash -> keys of documents that were found valid

    def doubt(self) -> None:
        """Forgets what was read and what was valid."""
        self.valid.clear()
        for file in self.files.values():
            file.signature = file.digest = "-"

    @classmethod
    def load(cls, index: Index) -> LastPass:
        memory = cls()
        for path, signature, digest, problems in index.read("SELECT path, signature, digest, problems FROM files"):
            memory.files[path] = FolderFile(path, "", signature, digest, _problems(problems))
        for row in index.read(
            "SELECT path, document, item, line, state, kind, namespace, name, hash, problems, chunk FROM documents "
            "ORDER BY path, document, item"
        ):
            key = Key(row[5], row[6], row[7]) if row[5] is not None else None
            item = row[2] if row[2] >= 0 else None
            document = FolderDocument(row[0], row[1], item, row[3], row[4], key, row[8], _problems(row[9]), chunk=row[10])
            memory.files[row[0]].documents.append(document)
            if document.state == "Valid" and key:
                memory.valid.setdefault(document.hash, set()).add(key)
        return memory


def _problems(text: str) -> list[DocumentProblem]:
    return [DocumentProblem(**item) for item in json.loads(text)] if text != "[]" else []


def dump_problems(problems: Iterable[DocumentProblem]) -> str:
    return json.dumps([asdict(problem) for problem in list(problems)[:PROBLEMS_MAX]])


def save(database: sqlite3.Connection, files: Iterable[FolderFile], gone: Collection[str]) -> None:
    """Remembers ``files`` for the next pass."""
    files = list(files)
    paths = [(path,) for path in (*gone, *(file.path for file in files))]
    database.executemany("DELETE FROM documents WHERE path=?", paths)
    database.executemany("DELETE FROM files WHERE path=?", paths)
    database.executemany(
        "INSERT INTO files VALUES (?,?,?,?)",
        [(file.path, file.signature, file.digest, dump_problems(file.problems)) for file in files],
    )
    database.executemany(
        "INSERT INTO documents VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        [
            (
                d.path, d.document, -1 if d.item is None else d.item, d.line, d.state,
                *((d.key.kind, d.key.namespace, d.key.name) if d.key else (None, None, None)),
                d.hash, dump_problems(d.problems), d.chunk,
            )
            for file in files
            for d in file.documents
        ],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Edit:
    """A document that somebody has just asked for by name."""

    author: str
    path: str = ""  # the file that was written; empty: none, what the document says already is meant
    value: Any = None  # what was written
    resource: Resource | None = None  # what that value declares, where it is known


class Unopened(Exception):
    """A file that could not be opened. The message is the reason."""


class FileReader:
    """Reads files, and compares them with what the last pass remembers."""

    def __init__(
        self, root: str, memory: LastPass, declared: Callable[[str, Key | None], bool], quiet: float = 0.0,
        edits: Mapping[Key, Edit] | None = None, fresh: Collection[str] = (), takes_hosts: bool = False,
        parts: Mapping[str, BuildPart] | None = None, builds: Collection[FoundFile] = (),
    ) -> None:  # fmt: skip
        """Takes what the last pass remembers. ``quiet``: see ``unfinished.QUIET``. ``fresh``: files that were read a moment
        ago. ``takes_hosts``: see ``validate.require_kind``. ``parts``: files that are no resources by themselves.
        ``builds``: files that say which those are."""
        self._root = root
        self._memory = memory
        self._declared = declared  # whether this resource in force comes from that file; None: whether any does
        self._quiet = quiet
        self._edits = edits or {}
        self._fresh = fresh
        self._takes_hosts = takes_hosts
        self._parts = parts or {}
        self._builds = builds
        self.opened: set[str] = set()  # files that were read, or need not be
        self._found: dict[str, FoundFile] = {}
        self._placed = 0
        self.unfinished: dict[str, str] = {}  # files that were checked -> why they may not be whole; empty: they are whole

    def read(self, found: FoundFile) -> FolderFile:
        """Reads one file.

        Raises:
            Unopened: it could not be opened.
        """
        self._found[found.path] = found
        file = self._read(found)
        self.opened.add(found.path)
        return file

    def _read(self, found: FoundFile) -> FolderFile:
        known, part = self._memory.files.get(found.path), self._parts.get(found.path)
        if part is not None:  # it is read again where it becomes one, and where it is none any more
            found = replace(found, signature=f"{found.signature} {part.words}")
        if known and (known.signature == found.signature or found.path in self._fresh):
            known.real, known.known = found.real, True
            return known
        # Two writes within one tick of the file system's clock leave the same stat, so the next pass reads it again.
        signature = found.signature if abs(time.time_ns() - found.changed_at) > RACY * 1e9 else ""
        try:
            content = read_file(found.real)
        except ValueError as error:
            return FolderFile(found.path, found.real, signature, "", [DocumentProblem("", str(error))])
        except OSError as error:
            raise Unopened(f"cannot be read: {(error.strerror or str(error)).lower()}") from error
        said = part.words.encode() + b"\0" if part is not None else b""
        digest = hashlib.sha256(said + content).hexdigest() if content.strip() else EMPTY
        if known and known.digest == digest:
            unchanged = known.signature == signature
            return replace(known, real=found.real, signature=signature, known=unchanged)
        file = FolderFile(found.path, found.real, signature, digest)
        if part is not None and part.is_all(content):
            file.documents.append(_part(found.path, part, 1))
            return file
        if jsontext.others(found.path, content) and not (known and known.documents):
            return file
        try:
            text = documents.decode(content)
        except UnreadableDocument as error:
            file.problems.append(error.problem)
            return file
        chunks = documents.split(text)
        if chunks is None or len(chunks) == 1:
            parsed = documents.read_documents(text, empty=True)
            file.problems.extend(parsed.broken)
            file.documents.extend(self._judge(found.path, text, document) for document in parsed.documents)
        else:
            self._read_chunks(file, text, chunks, None if part is not None else known)
        return _of_template(file, part) if part is not None and part.template else file

    def _read_chunks(self, file: FolderFile, text: str, chunks: list[documents.Chunk], known: FolderFile | None) -> None:
        """Takes over the documents whose text is in the file as it was, perhaps at another place."""
        before = {d.chunk.partition(":")[0]: d for d in (known.documents if known else ()) if d.state == "Valid" and d.chunk}
        number = 1
        for chunk in chunks:
            digest = hashlib.sha256(text[chunk.start : chunk.end].encode()).hexdigest()[:32]
            if same := before.get(digest):
                line = chunk.line + int(same.chunk.partition(":")[2])
                file.documents.append(replace(same, document=number, line=line))
                number += 1
                continue
            parsed, number = documents.read_chunk(text, chunk, number, empty=True)
            file.problems.extend(parsed.broken)
            if len(file.problems) >= documents.BROKEN_LIMIT:
                file.problems.append(documents.MORE)
                return
            for document in parsed.documents:
                judged = self._judge(file.path, text, document)
                if document.item is None:
                    judged.chunk = f"{digest}:{judged.line - chunk.line}"
                file.documents.append(judged)

    def whole(self, document: FolderDocument) -> bool:
        """Tells whether what the document says may come into force: nobody is still writing it."""
        return self.trusts(document) or not self.why_unfinished(document.path)

    def trusts(self, document: FolderDocument) -> bool:
        """Tells whether somebody has just asked by name for what the document says."""
        return document.key in self._edits

    def why_unfinished(self, path: str) -> str:
        """Says why the file may not be whole; empty: it is."""
        if path not in self.unfinished:
            found = self._found.get(path)
            self.unfinished[path] = (unfinished(found, time.time_ns(), self._quiet) if found else "") or self._part_of(path)
        return self.unfinished[path]

    def _part_of(self, path: str) -> str:
        """Says why it is not known yet whether the file is a part; empty: it is known."""
        for build in self._builds:
            over = path.startswith(build.path.removesuffix(os.path.basename(build.path)))
            if over and (why := unfinished(build, time.time_ns(), self._quiet)):
                return f"may be a part of {build.path}, which {why}"
        return ""

    def is_beginning(self, document: FolderDocument, file: FolderFile, spec: Any) -> bool:
        """Tells whether the document, at the end of its file, is only the beginning of what is in force: the writer may have been
        cut off."""
        new = document.resource.spec if document.resource is not None else None
        return document is file.documents[-1] and new is not None and (said := new.dump()) != spec and is_beginning(said, spec)

    def load(self, document: FolderDocument, file: FolderFile) -> Resource | None:
        """Returns the resource of a document that was recognised by its hash. None: the file has changed meanwhile."""
        if document.resource is None:
            try:
                text = documents.decode(read_file(file.real))
            except (OSError, ValueError, UnreadableDocument):
                return None
            folder = self._folder(file.path)
            for candidate in documents.read_documents(text).documents:
                digest = _hash(candidate.value, folder)
                same = [d for d in file.documents if d.hash == digest and d.state == "Valid"]
                with contextlib.suppress(Rejected):
                    for one in same:
                        one.resource = one.resource or validate(candidate.value, folder)
        return document.resource

    def _folder(self, path: str) -> str:
        return os.path.dirname(os.path.join(self._root, path))

    def _judge(self, path: str, text: str, document: Document) -> FolderDocument:
        folder = self._folder(path)
        key = identify(document.value)
        judged = FolderDocument(path, document.number, document.item, document.line, "Valid", key, "")
        ours = key is not None and self._declared(path, key)
        part = self._parts.get(path)
        if part is not None and not part.sure and not ours:
            return _part(path, part, document.line, document)
        others = not ours and (foreign(document.value) or stray(document.value))
        # A key that is given twice may mean two documents in one. Where our document was, this may be the rest of it.
        mixed = self._declared(path, None) or any(TWICE in problem.message for problem in document.problems)
        if document.problems and (mixed or not others):
            judged.state, judged.problems = "Broken", list(document.problems)
            return judged
        if document.value is None and document.item is None:
            judged.state = "Empty"
            return judged
        judged.hash = _hash(document.value, folder)
        if key and key in self._memory.valid.get(judged.hash, ()):
            return judged
        if others:
            judged.state, judged.key = "Stray", None
            if foreign(document.value):
                judged.state, judged.key = "Foreign", _foreign_key(document.value)
            judged.problems = [DocumentProblem("", whose(document.value), document.line, 1)]
            return judged
        try:
            judged.resource = self._written(path, document, key) or validate(document.value, folder)
            judged.key = judged.resource.key
            require_kind(judged.key.kind, self._takes_hosts)
        except Rejected as error:
            judged.state = "Invalid"
            self._placed += 1
            if self._placed > PLACED_MAX:
                judged.problems = [replace(error.problems[0][1], line=document.line, column=1)]
                return judged
            places = Positions(text, document)
            judged.problems = [places.placed(at, problem) for at, problem in error.problems[:PROBLEMS_MAX]]
            if any(problem.message == TEMPLATE for problem in judged.problems):
                judged.state = "Broken"
        return judged

    def _written(self, path: str, document: Document, key: Key | None) -> Resource | None:
        """Returns what is known of the document because it was written a moment ago."""
        edit = self._edits.get(key) if key else None
        mine = edit is not None and edit.path == path and equal(document.value, edit.value)
        return edit.resource if edit is not None and mine else None


def _part(path: str, part: BuildPart, line: int, document: Document | None = None) -> FolderDocument:
    number, item = (document.number, document.item) if document is not None else (1, None)
    return FolderDocument(path, number, item, line, "Part", None, "", [DocumentProblem("", part.words, line, 1)])


def _of_template(file: FolderFile, part: BuildPart) -> FolderFile:
    """Returns the file. Where YAML meets a template in it, all of it is one."""
    problems = [*file.problems, *(problem for document in file.documents for problem in document.problems)]
    if mark := next((problem for problem in problems if problem.message == TEMPLATE), None):
        file.problems, file.documents = [], [_part(file.path, part, mark.line)]
    return file


def _foreign_key(value: Any) -> Key | None:
    """Returns its key, under a kind that none of ours can have."""
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    namespace = metadata.get("namespace", "default") if isinstance(metadata, dict) else None
    if not (isinstance(name, str) and isinstance(namespace, str)):
        return None
    kind = f"{value['apiVersion']}/{value['kind']}"
    return Key(*(part.encode(errors="replace").decode() for part in (kind, namespace, name)))


def _hash(value: Any, folder: str) -> str:
    # The folder is part of the hash: relative paths mean something else in another folder.
    return hashlib.sha256(f"{folder}\0{compact(value)}".encode(errors="surrogatepass")).hexdigest()
