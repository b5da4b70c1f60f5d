"""The file that is uploaded, as it was when the command began."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

BLOCK = 2 * 2**20  # bytes that are read at once


@dataclass(frozen=True, slots=True)
class SourceFile:
    path: Path
    real: str  # without links
    size: int  # bytes
    modified: int  # nanoseconds

    @classmethod
    def of(cls, path: Path) -> SourceFile:
        """Looks at a file. Raises OSError."""
        found = path.stat()
        return cls(path, os.path.realpath(path), found.st_size, found.st_mtime_ns)

    @property
    def origin(self) -> str:
        """Names this very file, with these contents."""
        return f"{self.real}:{self.size}:{self.modified}"

    async def read(self, offset: int, progress: Callable[[int], None]) -> AsyncIterator[bytes]:
        """Yields the bytes from there on, and says how far it is."""
        opened = await asyncio.to_thread(open, self.path, "rb", 0)
        with opened:
            opened.seek(offset)
            while block := await asyncio.to_thread(opened.read, BLOCK):
                yield block
                offset += len(block)
                progress(offset)
