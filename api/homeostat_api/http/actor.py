"""Who asks, and what he may do. The gate makes this of a request, and everything behind it relies on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .rights import Right


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. ``how`` he was recognised: as a program of this host, by the token, or not at all (where everybody is
    admitted)."""

    how: Literal["local", "token", "unknown"]
    rights: frozenset[Right] = frozenset()

    def may(self, right: Right) -> bool:
        return right in self.rights


NOBODY = Actor("unknown")
"""He may do nothing, and see the paths that are open to everybody."""
