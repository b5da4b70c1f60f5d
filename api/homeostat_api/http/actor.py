"""Who asks, and what he may do: what the gate makes of a request, and everything behind it goes by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .rights import Right


@dataclass(frozen=True, slots=True)
class Actor:
    """``how`` he was known: as a program of this host, by the token, or not at all (where all who reach it are let in)."""

    how: Literal["local", "token", "unknown"]
    rights: frozenset[Right] = frozenset()

    def may(self, right: Right) -> bool:
        return right in self.rights


NOBODY = Actor("unknown")
"""May do nothing, and see the paths that are open to everybody."""
