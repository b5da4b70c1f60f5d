"""Query parameters that several routes share: how they are declared, and how they are read."""

from __future__ import annotations

import falcon.asgi

from ..errors import invalid
from ..operations import Parameter

_WHOLE = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
LIMIT = Parameter("limit", _WHOLE, "At most so many entries. Default: all.")
OFFSET = Parameter("offset", {**_WHOLE, "default": 0}, "Entries to pass over; beyond the end the list is empty.")
IF_MATCH = Parameter("If-Match", {"type": "string"}, "Change it only while it has this ETag.", place="header")
IF_NONE_MATCH = Parameter("If-None-Match", {"type": "string"}, "Answer 304 while the list has this ETag.", place="header")


def whole_number(req: falcon.asgi.Request, name: str, most: int = 999_999_999) -> int | None:
    """Reads a number.

    Raises:
        Problem: 400, not a whole number from 0 to ``most``.
    """
    text = req.get_param(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) > most:
        raise invalid(f"{name}: must be a whole number from 0 to {most}", parameter=name, given=text[:64])
    return int(text)


def text(req: falcon.asgi.Request, name: str) -> str | None:
    """Reads a text.

    Raises:
        Problem: 400, it is empty. That would mean the same as to leave it out, as no script with an empty variable means it.
    """
    given = req.get_param(name)
    if given == "":
        raise invalid(f"{name}: is empty; leave it out, or say what is meant", parameter=name)
    return given


def choice(req: falcon.asgi.Request, name: str, words: tuple[str, ...]) -> str | None:
    """Reads one of several words.

    Raises:
        Problem: 400, not one of ``words``.
    """
    text = req.get_param(name)
    if text is not None and text not in words:
        raise invalid(f"{name}: must be one of {', '.join(words)}", parameter=name, given=text[:64])
    return text


def flag(req: falcon.asgi.Request, name: str) -> bool:
    """Reads true or false.

    Raises:
        Problem: 400, neither true nor false.
    """
    return choice(req, name, ("true", "false")) == "true"
