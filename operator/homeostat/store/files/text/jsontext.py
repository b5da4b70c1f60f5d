"""JSON stays JSON. A text that begins with a brace and is JSON is read by JSON's rules, and remains JSON when it is edited.

libyaml still finds the places of its fields, in a text of the same length in which everything that only JSON knows is replaced.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, Final, NoReturn

from homeostat.models.base import API_GROUP

NONE: Final = object()
"""It is not JSON."""

_BEGIN = re.compile(r"(?:\s*---[ \t]*\r?\n)?\s*\{")
_SEPARATOR = re.compile(r"(?:---[ \t]*(?:\r?\n|\Z)|\s)*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\t')
_PAIR = re.compile(r"\\u[dD]([89abAB])([0-9a-fA-F]{2})\\u[dD]([c-fC-F])([0-9a-fA-F]{2})|\\.", re.DOTALL)
_UNPRINTABLE = re.compile("[\x7f-\x84\x86-\x9f\ufffe\uffff]")
_INDENT = re.compile(r'\n([ \t]+)"')


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def may_be(text: str) -> bool:
    return _BEGIN.match(text) is not None


def parts(text: str) -> list[tuple[int, int]] | None:
    """Returns where the values of a stream of JSON are. None: it is not JSON."""
    found, at = list[tuple[int, int]](), _skip(text, 0)
    while at < len(text):
        if text[at] != "{":
            return None
        try:
            _, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            return None
        found.append((at, end))
        at = _skip(text, end)
    return found


def others(path: str, content: bytes) -> bool:
    """Tells whether a file is JSON that cannot be an object for an operator, such as the settings of a tool. Nothing need be said
    about such a file."""
    return path.endswith(".json") and b'"apiVersion"' not in content and f"{API_GROUP}/".encode() not in content


def _skip(text: str, at: int) -> int:
    found = _SEPARATOR.match(text, at)
    return found.end() if found else at


def value(text: str, twice: list[str] | None = None) -> Any:
    """Returns the one value that a document's text has as JSON. NONE: it is not JSON. ``twice`` receives the keys that are
    repeated."""
    found = parts(text) if may_be(text) else None
    if found is None or len(found) != 1:
        return NONE

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if twice is not None and len(made) < len(pairs):
            twice.extend(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        return made

    return json.loads(text[slice(*found[0])], parse_constant=_refuse, object_pairs_hook=unique)


def stand_in(text: str) -> str | None:
    """Returns a text of the same length in which libyaml finds the same fields. None: it is not JSON."""
    if parts(text) is None:
        return None
    return _TOKEN.sub(lambda token: " " if token[0] == "\t" else _plain(token[0]), text)


def _plain(string: str) -> str:
    """Replaces surrogate pairs by two private characters each, which keeps different ones different."""
    if "\\" in string:
        string = _PAIR.sub(_private, string)
    return _UNPRINTABLE.sub("?", string)


def _private(found: re.Match[str]) -> str:
    if found[1] is None:
        return "//" if found[0] == "\\/" else found[0]
    high = int(found[1] + found[2], 16) & 0x3FF
    low = int(found[3] + found[4], 16) & 0x3FF
    return f"\\u{0xE000 + high:04x}\\u{0xE400 + low:04x}"


def render(new: Any, like: str) -> str:
    """Returns ``new`` as JSON, indented as ``like`` is."""
    found = _INDENT.search(like)
    return json.dumps(new, ensure_ascii=False, indent=found[1] if found else None)
