"""Reads what is about to be written, by the rules by which the folder is read. So an edit never leaves a file that cannot be read
again, or that says something other than what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from homeostat.store.errors import DocumentProblem, Invalid, NotEditable

from ..reading.validate import Rejected, validate
from ..text import documents
from ..text.reader import Document, UnreadableDocument
from ..text.render import render_block
from ..text.values import equal

GONE: Final = object()
"""Takes the place of a value whose document is removed."""


def new_text(wanted: Any, folder: str, what: str) -> str:
    """Returns the text of a new file with one document.

    Raises:
        Invalid: YAML cannot hold it.
    """
    try:
        text = render_block(wanted)
    except (ValueError, RecursionError) as error:
        raise Invalid([DocumentProblem("", f"cannot be written as YAML: {error}")], what) from error
    check_new(text, wanted, folder, what)
    return text


def check_new(text: str, wanted: Any, folder: str, what: str) -> None:
    """Checks the text of a new file with one document.

    Raises:
        Invalid: the reader of the folder would refuse it, or would read something else.
    """
    content = _read(text)
    problems = [*content.broken, *(problem for document in content.documents for problem in document.problems)]
    if not problems and len(content.documents) == 1:
        problems = _refused(content.documents[0].value, folder)
    if problems:
        raise Invalid(problems, what)
    if not equal([document.value for document in content.documents], [wanted]):
        raise Invalid([DocumentProblem("", "holds a value that would read otherwise once it is written as YAML")], what)


def check_edit(path: str, was: documents.FileContent, after: str, edited: Document, wanted: Any) -> None:
    """Checks the edit of a file that exists: ``edited`` becomes ``wanted``, which is valid, and everything beside it stays as it
    was.

    Raises:
        NotEditable: the edit does something else.
    """
    now = _read(after)
    if now.broken:
        raise _refusal(path, now.broken[0].message)
    place = (edited.number, edited.item)
    if len(was.documents) - (wanted is GONE) != len(now.documents):
        raise _refusal(path, "documents would be lost or joined")
    found = iter(now.documents)
    for document in was.documents:
        mine = (document.number, document.item) == place
        if mine and wanted is GONE:
            continue
        again = next(found)
        if not equal(again.value, wanted if mine else document.value):
            raise _refusal(path, "it" if mine else f"the document in line {document.line}", " would read otherwise")
        if _fields(again.problems) != ([] if mine else _fields(document.problems)):
            raise _refusal(path, str(again.problems[0]) if again.problems else "a mistake beside it would be hidden")


def _read(text: str) -> documents.FileContent:
    try:
        return documents.read_documents(documents.decode(text.encode()))
    except UnreadableDocument as error:
        return documents.FileContent(broken=[error.problem])
    except UnicodeEncodeError as error:
        return documents.FileContent(
            broken=[DocumentProblem("", f"holds half a character (U+{ord(error.object[error.start]):04X})")]
        )


def _refused(value: Any, folder: str) -> list[DocumentProblem]:
    try:
        validate(value, folder)
    except Rejected as error:
        return [problem for _, problem in error.problems]
    return []


def _fields(problems: Sequence[DocumentProblem]) -> list[str]:
    return [problem.field for problem in problems]


def _refusal(path: str, *why: str) -> NotEditable:
    return NotEditable(
        f"{path} cannot be edited in place ({''.join(why)}): write out the values that its documents share through anchors, or "
        "edit the file by hand. Nothing was changed"
    )
