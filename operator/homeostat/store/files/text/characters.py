"""The characters that nobody sees, and those that YAML 1.1 and 1.2 read differently: which are skipped, accepted, or named.

libyaml reads YAML 1.1. What it would misread is replaced by a stand-in of the same length before parsing, and is put back
afterwards. So all places stay right.
"""

from __future__ import annotations

import re
import unicodedata

import yaml

from homeostat.store.errors import DocumentProblem

from . import jsontext

BYTE_ORDER_MARK = "\ufeff"
# YAML 1.1 takes these for ends of lines; for 1.2 they are characters like any other.
_LINE_ENDS = "\x85\u2028\u2029"
_STAND_INS = "\U0010fff0\U0010fff1\U0010fff2"
_AWAY, _BACK = str.maketrans(_LINE_ENDS, _STAND_INS), str.maketrans(_STAND_INS, _LINE_ENDS)
_READ_OTHERWISE = re.compile(f"[{_LINE_ENDS}]")
INVISIBLE = re.compile("[\x85\xa0\xad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufe00-\ufe0f\ufeff]")
_BEFORE_DASHES = re.compile(r"^\ufeff+(?=(?:[ \t]*(?:#[^\n]*)?\r?\n)*---(?:\s|\Z))", re.MULTILINE)
_BEHIND_DASHES = re.compile(r"^(---[ \t]*(?:#[^\n]*)?\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*)\ufeff+", re.MULTILINE)
_CONFLICT = re.compile(r"^(?:<{7}|\|{7}|>{7})(?=[ \r\n]|\Z)", re.MULTILINE)
NEAR = 2_000
"""Characters before a mistake in which its cause is searched."""


def without_marks(text: str) -> str:
    """Returns the text without the byte order marks at the beginning of its documents (YAML 1.2, 5.2). `cat` of two files leaves
    such marks."""
    if BYTE_ORDER_MARK not in text:
        return text
    return _BEHIND_DASHES.sub(r"\1", _BEFORE_DASHES.sub("", text.lstrip(BYTE_ORDER_MARK)))


def parsable(text: str) -> str:
    """Returns a text of the same length, which libyaml reads as YAML 1.2 reads ``text``, or as JSON does where it is JSON."""
    if jsontext.may_be(text):
        text = jsontext.stand_in(text) or text
    return text.translate(_AWAY) if _READ_OTHERWISE.search(text) else text


def restored(scalar: str) -> str:
    """Returns a scalar of a parsable text as it was written."""
    return scalar.translate(_BACK)


def compose(text: str) -> yaml.Node | None:
    """Returns the tree of a document's positions. Its scalars are as they were written."""
    root = yaml.compose(parsable(text), Loader=yaml.CSafeLoader)
    if root is not None and _READ_OTHERWISE.search(text):
        _restore(root, set())
    return root


def _restore(node: yaml.Node, seen: set[int]) -> None:
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        node.value = restored(node.value)
    for child in node.value if isinstance(node, yaml.CollectionNode) else ():
        for part in child if isinstance(child, tuple) else (child,):
            _restore(part, seen)


def conflicts(text: str) -> list[DocumentProblem]:
    """Returns the marks of a merge that nobody has finished. Neither side meant what such a file says."""
    if "<<<<<<<" not in text and ">>>>>>>" not in text:
        return []
    return [
        DocumentProblem(
            "",
            f"is a merge conflict that is not resolved ({found[0]}): keep one side, and remove the lines <<<<<<<, ======= and "
            ">>>>>>>; nothing in this file is taken in before",
            text.count("\n", 0, found.start()) + 1,
            1,
        )
        for found in list(_CONFLICT.finditer(text))[:20]
        if not found[0].startswith("|")
    ]


def named(character: str) -> str:
    """Names a character that nobody sees, and says what to do about it."""
    code = f"U+{ord(character):04X}"
    if character == BYTE_ORDER_MARK:
        return f"{code}, a byte order mark: save the file without it"
    name = "next line" if character == "\x85" else unicodedata.name(character, "a control character").lower()
    return f"{code}, {name}: nobody sees it, so remove it, or write it as an escape in double quotes"


def cause(text: str, at: int) -> str:
    """Names what nobody sees shortly before the offset of a mistake, as a part of the message about it; empty: nothing."""
    end = text.find("\n", at)
    near = text[max(0, at - NEAR) : end if end >= 0 else len(text)]
    found = None
    for found in INVISIBLE.finditer(near):  # noqa: B007 - the last one
        pass
    if found is None:
        return ""
    line = near.count("\n", found.start())
    return f"; {f'{line} lines above' if line > 1 else 'the line above' if line else 'the line'} holds {named(found[0])}"
