"""Texts from outside, made safe for a reader: without the secrets of URLs, and without characters that a terminal obeys.

Whatever leaves the program as words for people (conditions, events, output, logs, errors) has gone through ``redacted``. Whatever
reaches a terminal or a log has gone through ``one_line``, line by line. A spec that is asked for as YAML or JSON is shown as it
was written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

HIDDEN = "***"

TOLD_MAX = 1_000  # characters of a stored text: a server may answer anything

# Begins at slashes, whatever is before them, and ends at a space: each server and tool quotes addresses in its own way.
_URL = re.compile(
    r"(\b(?:(?:qemu|test|xen|ch|bhyve|lxc|vbox|esx|vpx|hyperv)(?:\+[a-z0-9]+)?|ssh|sftp|scp|spice|vnc):)?"
    r"([/\\]{2,})([^ \t\r\n]*)",
    re.IGNORECASE,
)
_AFTER = ").,:;!]}\"'`>"  # punctuation of a sentence, which may follow a URL
_NAME = re.compile(r"[\w.~%+\[\]-]+")
_SECRET_NAME = re.compile(r"pass|secret|token|sig|key$|credential|auth$", re.IGNORECASE)


def redacted(text: str) -> str:
    """Returns the text with ``***`` in place of what might let somebody in by a URL: user and password, and the values in its
    path parameters, query and fragment. In doubt it hides too much. The addresses of hypervisors and of ssh keep users without a
    password, and options that are no secrets."""
    if "//" not in text and "\\" not in text:
        return text
    return _URL.sub(_without_secrets, text)


def tellable(text: str) -> str:
    """Redacts a text that will be stored. It is not longer than TOLD_MAX then. Bytes of a file name that are not UTF-8 are
    spelled out, because no store takes them."""
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode()
    text = redacted(text)
    if len(text) <= TOLD_MAX:
        return text
    head = redacted(text[: TOLD_MAX - 60])  # a URL that was cut is redacted as it stands then
    return f"{head} … ({len(text)} characters in all)"


def redacted_all(value: Any) -> Any:
    """Redacts every text in a value as JSON has it."""
    return _each_text(value, redacted)


def tellable_all(value: Any) -> Any:
    """Makes every text in a value as JSON has it ``tellable``."""
    return _each_text(value, tellable)


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    match value:
        case str():
            return change(value)
        case Mapping():
            return {name: _each_text(part, change) for name, part in value.items()}
        case list() | tuple():
            return [_each_text(part, change) for part in value]
    return value


def _without_secrets(match: re.Match[str]) -> str:
    libvirt, slashes, rest = match.groups()
    rest, after = _cut(rest, len(rest.rstrip(_AFTER)))
    named = libvirt is not None
    user, rest = _cut(rest, _user_ends(rest))
    shown = f"{_without_password(user[:-1], named)}@" if user else ""
    place, query = _cut_at("[?#]", rest)
    place = re.sub(r"(^|[/\\]{2,})([^/\\]*)@", lambda found: f"{found[1]}{_without_password(found[2], named)}@", place)
    place, values = _cut_at("[?#;]", place + query)
    return f"{libvirt or ''}{slashes}{shown}{place}{_without_values(values, named)}{after}"


def _cut(text: str, at: int) -> tuple[str, str]:
    return text[:at], text[at:]


def _cut_at(marks: str, text: str) -> tuple[str, str]:
    """Splits the text before the first of these marks."""
    found = re.search(marks, text)
    return _cut(text, found.start() if found else len(text))


def _user_ends(rest: str) -> int:
    """Returns the index after the ``@``; 0: there is none. A password may hold what ends a host's name: ``u:p/w?@host``."""
    before, _ = _cut_at(r"[/?#\\]", rest)
    if "@" not in before and re.search(r":(?!\d*$)", before.rpartition("]")[2]) is not None:
        before = rest
    return before.rfind("@") + 1


def _without_password(user: str, keep_name: bool) -> str:
    name, colon, _ = user.partition(":")
    return HIDDEN if not keep_name else f"{name}:{HIDDEN}" if colon else name


def _without_values(values: str, keep_others: bool) -> str:
    """Hides the values; ``values`` begins with its first mark. Where values may be shown, what looks like further names is shown
    too."""
    values, fragment = _cut_at("#", values)
    parts = re.split(r"([?;&])" if keep_others else r"(^[?;]|&)", values)
    shown = (f"{mark}{_without_value(part, keep_others)}" for mark, part in zip(parts[1::2], parts[2::2], strict=True))
    return "".join(shown) + (f"#{HIDDEN}" if fragment[1:] else fragment)


def _without_value(part: str, keep_others: bool) -> str:
    name, _, value = part.partition("=")
    if not part or (keep_others and value and not _SECRET_NAME.search(name)):
        return part
    # Where there is no value, what stands there may be a token itself.
    return f"{name}={HIDDEN}" if value.strip("=") and _NAME.fullmatch(name) else HIDDEN


_OBEYED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # controls, bidi overrides and the like, and what is no character


@lru_cache(4096)
def _escape(character: str) -> str:
    if unicodedata.category(character) not in _OBEYED:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def printable(text: str) -> str:
    """Returns the text with the same lines. A character that a terminal would obey, such as ESC, is spelled out (``\x1b``)."""
    if text.isascii() and text.isprintable():
        return text
    return "\n".join(map(one_line, text.replace("\r\n", "\n").split("\n")))


def one_line(text: str) -> str:
    """Returns the text as ``printable`` does, with its line breaks spelled out too."""
    return text if text.isprintable() else "".join(map(_escape, text))
