"""Where the files of a folder come from, and where edits of them go."""

from __future__ import annotations

from typing import Protocol

from homeostat.models.base import Key


class Upstream(Protocol):
    """What an edit asks of it, while it holds the write lock."""

    def prepare(self) -> None:
        """Before the edit reads the folder: brings that to what the upstream has.

        Raises:
            StoreError: it cannot be written now, and nothing was changed.
        """

    def publish(self, key: Key, path: str, author: str, message: str) -> None:
        """After the edit: one file of it, which the index has taken in. What goes wrong is told here."""
