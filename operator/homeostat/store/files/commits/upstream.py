"""Where the files of a folder come from, and where edits of them go."""

from __future__ import annotations

from typing import Protocol

from homeostat.models.base import Key


class Upstream(Protocol):
    """What an edit asks of it while it holds the write lock."""

    def prepare(self) -> None:
        """Brings the folder up to date with the upstream, before an edit reads it.

        Raises:
            StoreError: the folder cannot be written now, and nothing was changed.
        """

    def intend(self, key: Key, path: str, text: str | None, author: str, message: str) -> None:
        """Notes what ``publish`` will be asked for, before the file is written: where the process ends in between, ``prepare`` of
        the next one does it. ``text``: what the file will hold; None: it goes."""

    def publish(self, key: Key, path: str, author: str, message: str) -> None:
        """Publishes one file after its edit, once the index has taken it in. Reports by itself what goes wrong."""
