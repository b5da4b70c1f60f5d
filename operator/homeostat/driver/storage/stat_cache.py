"""What was read of a file, remembered as long as the file is the same."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

Signature = tuple[int, int, int, int]  # size, mtime and ctime in ns, inode: a program that writes may set the mtime back


class StatCache(Generic[T]):
    """Remembers what ``read`` returned for a path. Reading again costs one stat call while the file stays the same."""

    def __init__(self, read: Callable[[str], T]) -> None:
        self._read = read
        self._known: dict[str, tuple[Signature, T]] = {}

    def get(self, path: str) -> T | None:
        """Returns what was read; None: there is no such file. Raises OSError, and what ``read`` raises."""
        try:
            found = os.stat(path)
            signature = found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
            known = self._known.get(path)
            if known is None or known[0] != signature:
                known = self._known[path] = signature, self._read(path)
        except (FileNotFoundError, NotADirectoryError):
            self._known.pop(path, None)
            return None
        return known[1]
