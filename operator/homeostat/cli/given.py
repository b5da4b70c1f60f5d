"""Reads what `homeostat apply -f` and `delete -f` name: files, folders, or - for standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from homeostat.models.base import Resource
from homeostat.store.files.reading.folder import FILE_LIMIT, list_folder, read_file
from homeostat.store.files.reading.parts import BuildPart, Parts
from homeostat.store.files.reading.positions import Positions
from homeostat.store.files.reading.validate import Rejected, foreign, stray, validate, whose
from homeostat.store.files.text import jsontext
from homeostat.store.files.text.documents import decode, read_documents
from homeostat.store.files.text.reader import Document, UnreadableDocument
from homeostat.store.files.text.templates import TEMPLATE

from .errors import CliError
from .references import short_name
from .terminal import say


@dataclass(frozen=True, slots=True)
class Given:
    """A valid document. ``path`` None: it came over standard input."""

    resource: Resource
    path: Path | None
    line: int


def place_of(given: Given) -> str:
    """Names a document: file, line, kind and name."""
    return f"{given.path or '-'}:{given.line}: {short_name(given.resource.key)}"


def placed(given: Given, error: CliError) -> CliError:
    """Returns a server's error, which knows of no files, with the place of the document that it is about."""
    said = f"{place_of(given)}: {error}".splitlines()
    return CliError(said, error.mend.splitlines(), reason=error.reason, exit_code=error.exit_code)


def read_given(names: Sequence[str]) -> list[Given]:
    """Reads every document in everything that is named. All of them are valid.

    Raises:
        CliError: names file, line, column and field of each mistake. Then nothing may be done at all.
    """
    found: list[Given] = []
    mistakes: list[str] = []
    for name in names:
        for path, content, part in _within_limits(name):
            if part is not None and (part.is_all(content) or not part.sure):
                _tell_part(path, part, mistakes)
                continue
            wrong: list[str] = []
            _read(path, content, found, wrong, beside=path is not None and os.path.isdir(name))
            if part is not None and part.template and any(mistake.endswith(TEMPLATE) for mistake in wrong):
                _tell_part(path, part, mistakes)
            else:
                mistakes += wrong
    if mistakes:
        raise CliError([mistakes[0], *(f"error: {mistake}" for mistake in mistakes[1:])], "nothing was changed: mend this first")
    if not found:
        raise CliError("no resources found in what was given")
    return found


def _tell_part(path: Path | None, part: BuildPart, mistakes: list[str]) -> None:
    """Says of a file what it is a part of. Where that is not known, it is a mistake."""
    told = f"{_shown(path)}:1: {part.words}"
    if part.sure:
        say(f"note: {told}", err=True)
    else:
        mistakes.append(told)


def _within_limits(name: str) -> Iterator[tuple[Path | None, bytes, BuildPart | None]]:
    try:
        yield from _contents(name)
    except ValueError as error:
        raise CliError(f"{name}: {error}") from None


def _contents(name: str) -> Iterator[tuple[Path | None, bytes, BuildPart | None]]:
    if name == "-":
        yield None, sys.stdin.buffer.read(), None
        return
    path = Path(os.path.abspath(name))
    if path.is_fifo() or path.is_char_device():  # such as /dev/stdin, or <(…) of a shell
        yield None, _read_stream(path), None
        return
    if not path.is_dir():
        yield path, read_file(str(path)), None
        return
    listing = list_folder(path)
    for inner, reason in listing.unreadable.items():
        raise CliError(f"{path / inner}: {reason}")
    parts = Parts().of(listing, os.path.realpath(path))
    for file in listing.files:
        yield path / file.path, read_file(file.real), parts.get(file.path)


def _read_stream(path: Path) -> bytes:
    """Returns what a pipe or a terminal gives until its end.

    Raises:
        OSError: it cannot be read.
        ValueError: it gives more than ``FILE_LIMIT``. Says so.
    """
    with path.open("rb") as stream:
        content = stream.read(FILE_LIMIT + 1)
    if len(content) > FILE_LIMIT:
        raise ValueError(f"gives more than {FILE_LIMIT // 2**20} MiB: split it into several files")
    return content


def _read(path: Path | None, content: bytes, found: list[Given], mistakes: list[str], beside: bool) -> None:
    """Reads the documents of one file. ``beside``: it was found in a folder, where others may have their files too."""
    name = _shown(path)
    if beside and jsontext.others(name, content):
        return
    try:
        text = decode(content)
    except UnreadableDocument as error:
        mistakes.append(f"{name}:{error.problem.line}:{error.problem.column}: {error.problem}")
        return
    read = read_documents(text)
    mistakes += [f"{name}:{problem.line}:{problem.column}: {problem}" for problem in read.broken]
    for document in read.documents:
        if beside and (foreign(document.value) or stray(document.value)):
            say(f"note: {name}:{document.line}: {whose(document.value)}", err=True)
            continue
        mistakes += [f"{name}:{problem.line}:{problem.column}: {problem}" for problem in document.problems]
        if document.problems:
            continue
        try:
            resource = validate(document.value, str(path.parent) if path else os.getcwd())
        except Rejected as error:
            mistakes += _places(name, text, document, error)
        else:
            found.append(Given(resource, path, document.line))


def _places(name: str, text: str, document: Document, error: Rejected) -> Iterator[str]:
    positions = Positions(text, document)
    for path, problem in error.problems:
        placed = positions.placed(path, problem)
        yield f"{name}:{placed.line}:{placed.column}: {placed}"


def _shown(path: Path | None) -> str:
    if path is None:
        return "standard input"
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
