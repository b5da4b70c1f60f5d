"""Texts from outside, as a column takes them: every database refuses other characters."""

from __future__ import annotations

from homeostat.models.outside import one_line


def short(text: str, most: int) -> str:
    """Returns a text that any database takes, without control characters, and of at most so many characters."""
    return one_line(text[:most].encode("utf-8", "backslashreplace").decode())[:most]
