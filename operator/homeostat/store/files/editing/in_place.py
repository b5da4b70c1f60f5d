"""Edits the text of YAML files in place. Comments, order and quotes stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from homeostat.store.errors import NotEditable

from ..reading.folder import read_file
from ..text import documents, jsontext
from ..text.reader import Document, Reader, UnreadableDocument
from ..text.remarks import remarks
from ..text.values import equal
from .splice import Unspliceable, splice


@dataclass(frozen=True, slots=True)
class DocumentPlace:
    """The place of one document in one file."""

    root: Path
    path: str
    document: int
    item: int | None

    @property
    def file(self) -> Path:
        return self.root / self.path


def load(target: DocumentPlace, text: str | None = None) -> tuple[str, Document, documents.FileContent]:
    """Returns the file's text, the document in it, and everything that is in it. ``text`` takes the place of what the file holds.

    Raises:
        NotEditable: the file cannot be read to its end.
    """
    try:
        text = documents.decode(read_file(str(target.file))) if text is None else text
    except (OSError, ValueError, UnreadableDocument) as error:
        raise NotEditable(f"{target.path} cannot be edited: {error}") from error
    content = documents.read_documents(text)
    if content.broken:
        raise NotEditable(f"{target.path} cannot be edited until its syntax is mended: {_first(content.broken[0])}")
    for found in content.documents:
        if (found.number, found.item) == (target.document, target.item):
            break
    else:
        raise NotEditable(f"{target.path} has changed meanwhile: repeat the request")
    return text, found, content


def _first(problem: Any) -> str:
    return f"line {problem.line}: {problem.message}" if problem.line else problem.message


def patched_text(text: str, found: Document, new: Any, path: str = "") -> str:
    """Returns the file's text with the value of one document replaced by ``new``. ``path`` is the file's name in messages.

    Raises:
        NotEditable: the change would touch what other parts share, or lose what somebody wrote.
    """
    chunk = text[found.start : found.end]
    old_whole, new_whole = found.value, new
    if found.item is not None:
        old_whole = _whole(chunk)
        items = list(old_whole["items"])
        items[found.item] = new
        new_whole = {**old_whole, "items": items}
    return text[: found.start] + _edited(chunk, found, old_whole, new_whole, path) + text[found.end :]


def _edited(chunk: str, found: Document, old: Any, new: Any, path: str) -> str:
    json = jsontext.value(chunk) is not jsontext.NONE
    why, at = "", 0
    try:
        edited, through = splice(chunk, old, new)
        if _reads_as(edited, new) and (not json or jsontext.value(edited) is not jsontext.NONE):
            return edited
        why, at = _shared(chunk, through)
    except Unspliceable as error:
        why, at = str(error), error.at
    if json:
        begin = chunk.index("{")
        return chunk[:begin] + jsontext.render(new, chunk)
    line = found.first_line + chunk.count("\n", 0, at)
    shares = any(not remark.comment for remark in remarks(chunk))
    mend = "write out the values that its documents share through anchors, or " if shares else ""
    raise NotEditable(
        f"{path} cannot be edited in place ({path}:{line}: {why}): {mend}edit the file by hand. Nothing was changed"
    )


def _shared(chunk: str, through: Sequence[tuple[int, int]]) -> tuple[str, int]:
    """Says why a change of these places would change another place too, and where the reason is."""
    found = remarks(chunk)
    for anchor in found:
        users = [other for other in found if other.text == "*" + anchor.text[1:]]
        if anchor.text.startswith("&") and users and any(start <= anchor.at < max(end, start + 1) for start, end in through):
            return f"{anchor.text} is used elsewhere, too ({users[0].text})", anchor.at
    return "it would read otherwise", min((start for start, _ in through), default=0)


def _whole(chunk: str) -> Any:
    """Returns the value of a chunk, with its List as it is."""
    reader = Reader(chunk, 1, 1, 0)
    return next(iter(reader.documents())).value


def _reads_as(chunk: str, value: Any) -> bool:
    content = documents.read_documents(chunk)
    if content.broken:
        return False
    found = list(Reader(chunk, 1, 1, 0).documents())
    return len(found) == 1 and not found[0].problems and equal(found[0].value, value)


def removed_text(text: str, found: Document, path: str = "") -> str | None:
    """Returns the file's text without one document. None: no document remains, and the file may be removed.

    Raises:
        NotEditable: the change would touch what other parts share.
    """
    content = documents.read_documents(text)
    if found.item is not None:
        chunk = text[found.start : found.end]
        whole = _whole(chunk)
        if len(whole["items"]) > 1:
            rest = [item for position, item in enumerate(whole["items"]) if position != found.item]
            new = {**whole, "items": rest}
            return text[: found.start] + _edited(chunk, found, whole, new, path) + text[found.end :]
    numbers = sorted({d.number: d.start for d in content.documents}.items())
    others = [start for number, start in numbers if number != found.number]
    if not others:
        return None
    following = min((start for start in others if start > found.start), default=len(text))
    return text[: found.start] + text[following:]
