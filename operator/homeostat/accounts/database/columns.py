"""Values as columns hold them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from homeostat.models.outside import one_line

from ..rights import Right
from .tables import AccountsTable, StorableText

_RIGHTS = frozenset(right.value for right in Right)


def short(text: str, most: int) -> str:
    """Returns a text from outside as any database takes it: without control characters, and of at most so many characters."""
    return one_line(text[:most].encode("utf-8", "backslashreplace").decode())[:most]


def fitted(table: type[AccountsTable], **texts: str) -> dict[str, str]:
    """Returns texts from outside, each cut to the length of its column."""
    columns = table.__table__.c
    return {name: short(text, cast(StorableText, columns[name].type).length) for name, text in texts.items()}


def rights_text(rights: Iterable[Right]) -> str:
    """Returns rights as a column holds them."""
    return " ".join(sorted(rights))


def rights_in(text: str) -> frozenset[Right]:
    """Returns the rights of a column. One that this version does not know counts for nothing."""
    return frozenset(Right(word) for word in text.split() if word in _RIGHTS)
