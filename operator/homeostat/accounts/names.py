"""The names of accounts. What differs only in case or in its Unicode form is one name; what looks alike by another alphabet is
none."""

from __future__ import annotations

import re
import unicodedata

from .errors import NotAName

NAME_MAX = 63  # characters, as of a label's value, which names the owner of a resource

_NAME = re.compile(rf"[a-z0-9]([-._a-z0-9]{{0,{NAME_MAX - 2}}}[a-z0-9])?")


def account_name(typed: str) -> str:
    """Returns the name that somebody means by what he typed.

    Raises:
        NotAName: nobody can be called that.
    """
    # A text that is longer cannot be one. Its forms would take long to find, and its words would fill a page.
    if len(typed) <= 4 * NAME_MAX:
        name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", typed).casefold())
        if _NAME.fullmatch(name):
            return name
    shown = typed if len(typed) <= NAME_MAX else f"{typed[:NAME_MAX]}…"
    raise NotAName(f"{shown!r} cannot be the name of an account")
