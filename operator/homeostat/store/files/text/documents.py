"""Reads YAML into documents: fast, with the place of every field, and with limits for hostile input.

The tree of positions is built only for documents with a mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from homeostat.store.errors import DocumentProblem

from . import characters, jsontext, templates
from .reader import Document, Reader, UnreadableDocument

BROKEN_LIMIT = 20
"""After this many documents with syntax errors, the rest of a file is skipped."""

_SEPARATOR = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_BARE_END = re.compile(r"---\s*\Z")
_UNUSUAL = re.compile(r"^(%|\.\.\.)|\r", re.MULTILINE)


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
