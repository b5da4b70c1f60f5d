"""Texts from outside, on their way to a reader: without the secrets of URLs, and without what a terminal obeys.

Whatever leaves the program as words for people (conditions, events, output, logs, errors) has gone through ``redacted``, and
whatever reaches a terminal through ``printable`` or ``one_line``. A spec that is asked for as YAML or JSON is as it was written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

HIDDEN = "***"

_URL = re.compile(r"\b([a-z][a-z0-9+.-]*):(//|\\\\)([^\s\"'`<>\x00-\x1f]*)", re.IGNORECASE)
_TAIL = re.compile(r"[).,:;!\]}]+$")  # of the sentence that a URL stands in
_LIBVIRT = re.compile(r"(qemu|test|xen|ch|bhyve|lxc|vbox|esx|vpx|hyperv)(\+[a-z0-9]+)?|ssh|sftp|scp|spice|vnc", re.IGNORECASE)
_SECRET_NAME = re.compile(r"pass|secret|token|sig|key$|credential|auth$", re.IGNORECASE)


def redacted(text: str) -> str:
    """The text with ``***`` in place of what a URL in it may let somebody in by: user and password, and the values of its query.
    The addresses of hypervisors and of ssh keep users without a password, and options that are no secrets."""
    if "//" not in text and "\\\\" not in text:
        return text
    return _URL.sub(_without_secrets, text)


def tellable(text: str) -> str:
    """As ``redacted``, for what is kept: bytes of a file's name that are no UTF-8 are spelled out, as no store keeps them."""
    return redacted(text.encode("utf-8", "backslashreplace").decode())


def redacted_all(value: Any) -> Any:
    """The same of every text in a value as JSON has it."""
    match value:
        case str():
            return redacted(value)
        case Mapping():
            return {name: redacted_all(part) for name, part in value.items()}
        case list() | tuple():
            return [redacted_all(part) for part in value]
    return value


def _without_secrets(match: re.Match[str]) -> str:
    scheme, slashes, rest = match.groups()
    tail = found.group() if (found := _TAIL.search(rest)) else ""
    rest = rest.removesuffix(tail)
    place, mark, query = _split(rest)
    named = _LIBVIRT.fullmatch(scheme) is not None
    place = _without_user(place, named)
    return f"{scheme}:{slashes}{place}{mark}{_without_values(query, named) if mark else ''}{tail}"


def _split(rest: str) -> tuple[str, str, str]:
    """Before and after the first ``?`` or ``#`` of what is no password."""
    begin = rest.rfind("@", 0, len(rest)) + 1 if _is_password(rest) else 0
    found = re.search(r"[?#]", rest[begin:])
    at = begin + found.start() if found else len(rest)
    return rest[:at], rest[at : at + 1], rest[at + 1 :]


def _is_password(rest: str) -> bool:
    """Whether what stands first is ``user:password``, the latter with characters that end a host's name: ``u:p/w?@host``."""
    before = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    return "@" not in before and "@" in rest and re.search(r":(?!\d*$)", before.rpartition("]")[2]) is not None


def _without_user(place: str, keep_name: bool) -> str:
    end = len(place) if _is_password(place) else len(re.split(r"[/?#\\]", place, maxsplit=1)[0])
    user, at, _ = place[:end].rpartition("@")
    if not at:
        return place
    name, colon, _ = user.partition(":")
    shown = f"{name}:{HIDDEN}" if keep_name and colon else name if keep_name else HIDDEN
    return f"{shown}@{place[len(user) + 1 :]}"


def _without_values(query: str, keep_others: bool) -> str:
    parts = re.split(r"([&;#])", query)
    return "".join(part if part in ("&", ";", "#") else _without_value(part, keep_others) for part in parts)


def _without_value(part: str, keep_others: bool) -> str:
    name, equals, value = part.partition("=")
    if not part or (keep_others and not _SECRET_NAME.search(name)):
        return part
    return f"{name}={HIDDEN}" if equals and value else part if equals else HIDDEN


_OBEYED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # controls, bidi overrides and their kind, what is no character


@lru_cache(4096)
def _escape(character: str) -> str:
    if unicodedata.category(character) not in _OBEYED:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def printable(text: str) -> str:
    """In lines as it is, and no character in it that a terminal would obey, such as ESC: those are spelled out (``\\x1b``)."""
    if text.isascii() and text.isprintable():
        return text
    return "\n".join(map(one_line, text.replace("\r\n", "\n").split("\n")))


def one_line(text: str) -> str:
    """As ``printable``, and a line within it does not begin another one."""
    return text if text.isprintable() else "".join(map(_escape, text))
