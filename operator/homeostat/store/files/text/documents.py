"""Reads YAML into documents: fast, with the place of every field, and with limits for hostile input.

The values come straight from libyaml's events, so a bomb of aliases or of brackets is measured before it unfolds. The tree of
positions is built only for documents with a mistake. Scalars are read by the core schema of YAML 1.2: ``yes`` and ``12:30:00``
are strings, and so are times.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn, cast

import yaml

from homeostat.store.errors import DocumentProblem

from . import characters, jsontext, templates

DEPTH_LIMIT = 64
NODE_LIMIT = 200_000
"""Nodes of one document with every alias written out. A machine has about 60."""
BROKEN_LIMIT = 20
"""After this many documents with syntax errors, the rest of a file is skipped."""

_SEPARATOR = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_BARE_END = re.compile(r"---\s*\Z")
_UNUSUAL = re.compile(r"^(%|\.\.\.)|\r", re.MULTILINE)
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_CONSTANTS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_TAG = "tag:yaml.org,2002:"

FieldPath = tuple[str | int, ...]


class UnreadableDocument(Exception):
    """A document that cannot be read at all."""

    def __init__(self, problem: DocumentProblem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(slots=True)
class Document:
    """One object as it is written. ``number`` counts the YAML documents of the file from 1. ``item`` is set inside a List."""

    number: int
    line: int  # the line of its first field, from 1
    start: int  # the offset of its first character in the file's text
    end: int
    value: Any
    item: int | None = None
    problems: list[DocumentProblem] = field(default_factory=list)
    first_line: int = 1  # the line of ``start``

    @property
    def prefix(self) -> FieldPath:
        return () if self.item is None else ("items", self.item)


@dataclass(slots=True)
class FileContent:
    """The documents of a file. ``broken`` are the syntax errors. Where there are any, a missing document may be one that could
    not be read."""

    documents: list[Document] = field(default_factory=list)
    broken: list[DocumentProblem] = field(default_factory=list)


def decode(content: bytes) -> str:
    """Returns the text of a file without the byte order marks that begin a document.

    Raises:
        UnreadableDocument: it is not UTF-8.
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UnreadableDocument(DocumentProblem("", "is UTF-16, as PowerShell's > writes it: save it as UTF-8", 1, 1))
    try:
        return characters.without_marks(content.decode())
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - before.rfind(b"\n")
        raise UnreadableDocument(DocumentProblem("", "is not UTF-8 text: save it as UTF-8", line, column)) from error


def read_documents(text: str, *, empty: bool = False) -> FileContent:
    """Reads all documents of a file. A document with a syntax error does not hide those after it. ``empty``: includes documents
    that say nothing (their value is None), except one that a last line of dashes begins."""
    chunks = split(text)
    if chunks is None or len(chunks) == 1:
        return read_stream(text, empty=empty)
    content, number = FileContent(), 1
    for chunk in chunks:
        read, number = read_chunk(text, chunk, number, empty=empty)
        content.documents += read.documents
        content.broken += read.broken
        if len(content.broken) >= BROKEN_LIMIT:
            content.broken.append(MORE)
            break
    return content


TWICE = "is given twice"
MORE = DocumentProblem("", "has more errors: the rest of the file was not read")


def read_stream(text: str, *, empty: bool = False) -> FileContent:
    """Reads all documents as ``read_documents`` does, also where dashes do not separate them."""
    content = FileContent(broken=characters.conflicts(text))
    if content.broken:
        return content
    offset, line, number = 0, 1, 1
    while True:
        reader = Reader(text[offset:] if offset else text, line, number, offset)
        try:
            for document in reader.documents():
                content.documents.extend(_items(document, text if empty else None))
            return content
        except (UnreadableDocument, yaml.YAMLError) as error:
            content.broken.append(
                error.problem if isinstance(error, UnreadableDocument) else _syntax_problem(error, line, reader.text)
            )
        # A line of three dashes always starts a document, so reading can go on after the broken one.
        resume = _SEPARATOR.search(text, offset + reader.resume_from)
        if resume is None:
            return content
        if len(content.broken) >= BROKEN_LIMIT:
            content.broken.append(MORE)
            return content
        line += text.count("\n", offset, resume.start())
        offset, number = resume.start(), reader.number + 1


@dataclass(frozen=True, slots=True)
class Chunk:
    """The text of one YAML document, from its dashes to the next ones. The first one may hold only comments."""

    start: int
    end: int
    line: int


def split(text: str) -> list[Chunk] | None:
    """Splits a file into the texts of its documents, so that unchanged ones need not be parsed again. None: dashes do not
    separate them (directives). JSON needs no dashes between its objects."""
    stream = jsontext.parts(text) if jsontext.may_be(text) else None
    if stream is None and (_UNUSUAL.search(text) or characters.conflicts(text)):
        return None
    starts = [start for start, _ in stream] if stream else [match.start() for match in _SEPARATOR.finditer(text)]
    starts = [0, *(start for start in starts[bool(stream) :] if start)]
    chunks, line = [], 1
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        chunks.append(Chunk(start, end, line))
        line += text.count("\n", start, end)
    return chunks


def read_chunk(text: str, chunk: Chunk, number: int, *, empty: bool = False) -> tuple[FileContent, int]:
    """Reads the objects of one chunk, whose document is the ``number``-th of its file. Returns them with the number of the next
    document."""
    content = FileContent()
    reader = Reader(text[chunk.start : chunk.end], chunk.line, number, chunk.start)
    try:
        for document in reader.documents():
            content.documents.extend(_items(document, text if empty else None))
    except (UnreadableDocument, yaml.YAMLError) as error:
        content.broken.append(
            error.problem if isinstance(error, UnreadableDocument) else _syntax_problem(error, chunk.line, reader.text)
        )
        return content, reader.number + 1
    return content, reader.number


def _syntax_problem(error: yaml.YAMLError, first_line: int, text: str) -> DocumentProblem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    context = getattr(error, "context", None)
    begun = getattr(error, "context_mark", None)
    where = f" that began in line {begun.line + first_line}" if begun and mark and begun.line != mark.line else ""
    message = f"is not YAML: {said}" + (f" ({context}{where})" if context else "")
    if "\\t" in said or "cannot start any token" in said:
        message += "; indent with spaces, and quote a value that starts with @, ` or %"
    if "invalid Unicode character escape" in said:
        message += "; JSON's \\ud83d\\ude00 is \\U0001F600 in YAML, or the character itself"
    if mark:
        message += characters.cause(text, mark.index)
        others = [line + first_line for line in (begun.line if begun else mark.line, templates.first_said(text))]
        problem = DocumentProblem("", message, mark.line + first_line, mark.column + 1)
        return templates.explained(problem, text, first_line, others=others)
    if isinstance(character := getattr(error, "character", None), int):
        message += f" (U+{character:04X})"
    before = text.encode()[: getattr(error, "position", 0)]  # the error is about a character that YAML may not hold
    return DocumentProblem("", message, before.count(b"\n") + first_line, len(before) - before.rfind(b"\n"))


def _items(document: Document, text: str | None) -> Iterator[Document]:
    """Yields the objects of a List, or the document itself. One that says nothing is yielded only where the file's ``text`` is
    given."""
    value = document.value
    kind = value.get("kind") if isinstance(value, dict) else None
    listed = isinstance(kind, str) and kind.endswith("List") and "items" in value and isinstance(value["items"], list | None)
    if (value is None or (listed and not value["items"])) and not document.problems:
        if text is not None and not _BARE_END.match(text, document.start):
            document.value = None
            yield document
        return
    if not listed:
        yield document
        return
    for position, item in enumerate(value["items"]):
        mine = [p for p in document.problems if p.field.startswith(f"items[{position}]")]
        yield Document(document.number, document.line, document.start, document.end, item, position, mine, document.first_line)


@dataclass(slots=True)
class _Open:
    """A collection that is being read."""

    value: Any  # the dict or list
    anchor: str | None
    size: int = 1
    key: str | None = None  # the key of a mapping that waits for its value
    key_seen: bool = False
    lines: dict[str, int] | None = None  # the line on which each key was given first
    merged: list[dict[str, Any]] | None = None


def _start(event: yaml.Event) -> yaml.error.Mark:
    return cast("yaml.error.Mark", event.start_mark)  # the C parser gives every event a mark


def _end(event: yaml.Event) -> int:
    assert event.end_mark is not None
    return event.end_mark.index


class Reader:
    """Builds values from the events of one stream."""

    def __init__(self, text: str, first_line: int, number: int, offset: int) -> None:
        self.text = text
        self.first_line = first_line
        self.number = number
        self.offset = offset
        self.resume_from = 1  # the line on which the search for the next document may start after an error
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._problems: list[DocumentProblem] = []
        self._root: Any = None
        self._line = 0
        self._unseen = characters.INVISIBLE.search(text) is not None

    def documents(self) -> Iterator[Document]:
        """Yields the documents.

        Raises:
            yaml.YAMLError, UnreadableDocument: at the first document that cannot be read.
        """
        parser = yaml.CSafeLoader(characters.parsable(self.text))
        pending: Document | None = None
        try:
            while True:
                event = parser.get_event()
                if isinstance(event, yaml.ScalarEvent):
                    self._scalar(event)
                elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                    self._begin(event)
                elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                    self._finish(event)
                elif isinstance(event, yaml.AliasEvent):
                    self._alias(event)
                elif isinstance(event, yaml.DocumentStartEvent):
                    pending = self._document_start(event)
                elif isinstance(event, yaml.DocumentEndEvent) and pending:
                    pending.value, pending.problems = self._root, self._problems
                    pending.line = self._line or pending.first_line
                    pending.end = self.offset + _end(event)
                    self._read_as_json(pending)
                    yield pending
                    self.number += 1
                elif isinstance(event, yaml.StreamEndEvent):
                    return
        finally:
            parser.dispose()

    def _read_as_json(self, document: Document) -> None:
        written = self.text[document.start - self.offset : document.end - self.offset]
        if document.problems or not isinstance(document.value, dict):
            return
        twice: list[str] = []
        if (found := jsontext.value(written, twice)) is not jsontext.NONE:
            document.value = found
            document.problems += [DocumentProblem(name[:80], TWICE, document.line, 1) for name in twice]

    def _document_start(self, event: yaml.Event) -> Document:
        self._stack, self._anchors, self._problems, self._root, self._line = [], {}, [], None, 0
        start = _start(event).index
        self.resume_from = max(1, _end(event))
        return Document(self.number, 0, self.offset + start, 0, None, first_line=_start(event).line + self.first_line)

    def _place(self, event: yaml.Event) -> tuple[int, int]:
        return _start(event).line + self.first_line, _start(event).column + 1

    def _problem(self, event: yaml.Event, message: str, *extra: str) -> None:
        problem = templates.explained(
            DocumentProblem(self._field(*extra), message, *self._place(event)), self.text, self.first_line
        )
        if problem not in self._problems:  # one mark of a template causes several problems
            self._problems.append(problem)

    def _refuse(self, event: yaml.Event, message: str) -> NoReturn:
        line, column = self._place(event)
        raise UnreadableDocument(DocumentProblem(self._field(), message, line, column))

    def _field(self, *extra: str) -> str:
        parts: list[str | int] = []
        for level in self._stack:
            if isinstance(level.value, list):
                parts.append(len(level.value))
            elif level.key_seen and level.key is not None:
                parts.append(level.key)
        return dotted((*parts, *extra))

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        mapping = isinstance(event, yaml.MappingStartEvent)
        if len(self._stack) >= DEPTH_LIMIT:
            self._refuse(event, f"is nested more than {DEPTH_LIMIT} deep")
        if self._waits_for_key():
            self._problem(event, "a key must be a word, not a mapping or a list")
        if event.tag not in (None, "!", _TAG + ("map" if mapping else "seq")):
            self._problem(event, f"has the unknown tag {event.tag}: remove it")
        self._line = self._line or self._place(event)[0]
        self._stack.append(_Open({} if mapping else [], event.anchor, lines={} if mapping else None))

    def _finish(self, event: yaml.Event) -> None:
        level = self._stack.pop()
        for other in level.merged or ():
            for key, value in other.items():
                level.value.setdefault(key, value)
        if level.anchor:
            self._anchors[level.anchor] = (level.value, level.size)
        self._add(event, level.value, level.size)

    def _alias(self, event: yaml.AliasEvent) -> None:
        known = self._anchors.get(event.anchor or "")
        if known is None:
            inside = any(level.anchor == event.anchor for level in self._stack)
            why = "stands inside what it names" if inside else "names an anchor that is not there"
            self._refuse(event, f"the alias *{event.anchor} {why}")
        self._add(event, *known)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._line = self._line or self._place(event)[0]
        if self._unseen:
            event.value = characters.restored(event.value)
            self._name_unseen(event)
        if self._waits_for_key():
            level = self._stack[-1]
            plain = event.implicit[0] and event.tag is None
            merge = plain and event.value == "<<"
            if not merge and plain and not isinstance(_plain(event.value), str):
                self._problem(event, f"the key {event.value or 'null'} is not a string: write it in quotes", event.value)
            elif not merge and level.lines is not None and (first := level.lines.get(event.value)):
                self._problem(event, f"{TWICE} (first in line {first})", event.value)
            elif level.lines is not None:
                level.lines[event.value] = self._place(event)[0]
            level.key, level.key_seen = (None if merge else event.value), True
            level.size += 1
            return
        value = self._scalar_value(event)
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._add(event, value, 1)

    def _name_unseen(self, event: yaml.ScalarEvent) -> None:
        """Reports characters that nobody sees: every one in a key without quotes, and a byte order mark anywhere, except its
        escape."""
        found = characters.INVISIBLE.search(event.value) if self._waits_for_key() and event.style in (None, "") else None
        character = found[0] if found else characters.BYTE_ORDER_MARK
        if character in event.value and character in self.text[_start(event).index : _end(event)]:
            what = "the key" if found else "the value"
            self._problem(event, f"{what} holds {characters.named(character)}", *([event.value] if found else []))

    def _scalar_value(self, event: yaml.ScalarEvent) -> Any:
        if event.tag is None:
            if not event.implicit[0]:
                return event.value
            try:
                value = _plain(event.value)
            except ValueError as error:
                self._problem(event, str(error))
                return None
            return value
        kind = event.tag.removeprefix(_TAG)
        if kind in ("str", "!"):
            return event.value
        if kind in ("int", "float", "bool", "null"):
            try:
                return _plain(event.value)
            except ValueError as error:
                self._problem(event, str(error))
                return None
        self._problem(event, f"has the unknown tag {event.tag}: remove it")
        return None

    def _waits_for_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1].value, dict) and not self._stack[-1].key_seen

    def _add(self, event: yaml.Event, value: Any, size: int) -> None:
        """Puts a finished value into the collection that it belongs to."""
        if not self._stack:
            self._root = value
            return
        level = self._stack[-1]
        level.size += size
        if level.size > NODE_LIMIT:
            self._refuse(event, f"has more than {NODE_LIMIT:,} values once its aliases are written out")
        if isinstance(level.value, list):
            level.value.append(value)
        elif not level.key_seen:  # the key is an alias or a collection: only an alias to a string can be one
            if not isinstance(value, str):
                self._problem(event, "a key must be a word, not a mapping or a list")
                value = ""
            level.key, level.key_seen = value, True
        elif level.key is None:
            self._merge(event, level, value)
        else:
            level.value.setdefault(level.key, value)
            level.key, level.key_seen = None, False

    def _merge(self, event: yaml.Event, level: _Open, value: Any) -> None:
        level.key_seen = False
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in parts):
            self._problem(event, "<< merges mappings only")
            return
        level.merged = [*(level.merged or ()), *parts]


def _plain(text: str) -> Any:
    """Returns the value of an unquoted scalar.

    Raises:
        ValueError: it is a number that cannot be stored.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INT.fullmatch(text):
        if len(text) > 40:
            raise ValueError("is too long a number")
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _SPECIAL_FLOAT.fullmatch(text):
        raise ValueError(f"must be a finite number (got {text})")
    if _FLOAT.fullmatch(text):
        number = float(text)
        if not math.isfinite(number):
            raise ValueError("is too large a number")
        return number
    return text


def equal(one: Any, other: Any) -> bool:
    """Tells whether two values are equal, in type too: true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(equal(a, b) for a, b in zip(one, other, strict=True))
    return type(one) is type(other) and bool(one == other)


def dotted(path: FieldPath) -> str:
    """Returns a path as people write it: spec.disks[0].size."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
        if len(text) > 200:  # the depth or the keys may be hostile
            return text[:200] + "…"
    return text
