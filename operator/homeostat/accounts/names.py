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
    # No form of a text in ASCII is shorter than the text. Those of a long one would take long to find, and fill a page.
    if len(typed) > NAME_MAX:
        raise NotAName(f"{typed[:NAME_MAX] + '…'!r} cannot be the name of an account")
    name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", typed).casefold())
    if not _NAME.fullmatch(name):
        raise NotAName(f"{typed!r} cannot be the name of an account")
    return name
