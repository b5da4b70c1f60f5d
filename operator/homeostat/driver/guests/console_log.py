"""What a guest wrote on its serial console, as libvirt logs it: read part by part, through rotation and truncation."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

PART = 1 << 20
"""Bytes that are read at once, at the most."""
_BLOCK = 64 * 1024
_AFTER = re.compile(r"([0-9a-f]{1,32})-([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class LogPart:
    """``after`` names its end: there the next part begins."""

    content: bytes
    after: str


def read_log(path: Path, tail: int = -1, after: str = "") -> LogPart:
    """Returns a part of a log: from its last ``tail`` lines on (-1: all), or what follows on ``after``, of an earlier part. It is
    empty where nothing more is there.

    Raises:
        OSError: the log cannot be read, or is not there (yet).
        ValueError: ``after`` is of no part.
    """
    if not after:
        with path.open("rb") as file:
            return _part(file, _tail_offset(file, tail))
    known = _AFTER.fullmatch(after)
    if known is None:
        raise ValueError(f"{after[:64]!r} is no place in a log")
    name, offset = known[1], int(known[2])
    try:
        with path.open("rb") as file:
            if _name(file) == name:
                return _part(file, offset if offset <= os.fstat(file.fileno()).st_size else 0)  # else it was truncated
            rest = _rest_of_rotated(path, name, offset)
            return rest if rest is not None and rest.content else _part(file, 0)
    except FileNotFoundError:  # it is between two files
        return LogPart(b"", after)


def read_end(path: Path, most: int) -> LogPart:
    """Returns the last ``most`` bytes of a log, from the beginning of a line on where one begins in them. It is empty where
    there is no log (yet).

    Raises:
        OSError: the log cannot be read.
    """
    try:
        with path.open("rb") as file:
            begin = max(0, file.seek(0, os.SEEK_END) - min(most, PART))
            part = _part(file, begin)
    except FileNotFoundError:
        return LogPart(b"", "")
    return replace(part, content=part.content[part.content.find(b"\n") + 1 :]) if begin else part


class LogFollower:
    """Reads a log as it is written, from near its end on. It costs next to nothing while the guest is silent."""

    def __init__(self, path: Path, most: int) -> None:
        """Takes ``most``: bytes of what is there already that are read first."""
        self._path, self._most = path, most
        self._after = ""
        self._seen: tuple[int, int, int] | None = None

    def read(self) -> bytes:
        """Returns what is new; nothing where nothing is, or the log is not there (yet).

        Raises:
            OSError: the log cannot be read.
        """
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._most = PART  # whatever it will hold is new
            return b""
        seen = found.st_dev, found.st_ino, found.st_size
        if seen == self._seen:
            return b""
        part = read_log(self._path, after=self._after) if self._after else read_end(self._path, self._most)
        self._after = part.after
        if len(part.content) == 0:
            self._seen = seen
        return part.content


def _part(file: BinaryIO, offset: int) -> LogPart:
    file.seek(offset)
    content = file.read(PART)
    return LogPart(content, f"{_name(file)}-{offset + len(content)}")


def _rest_of_rotated(path: Path, name: str, offset: int) -> LogPart | None:
    """Returns what was written to a file of that name before libvirt set it aside. None: it is not the last one."""
    try:
        with path.with_name(f"{path.name}.0").open("rb") as older:
            return _part(older, offset) if _name(older) == name else None
    except FileNotFoundError:
        return None


def _name(file: BinaryIO) -> str:
    found = os.fstat(file.fileno())
    return f"{found.st_dev:x}{found.st_ino:x}"


def _tail_offset(file: BinaryIO, lines: int) -> int:
    """Returns the offset at which the last ``lines`` lines begin. A negative number means all lines."""
    if lines < 0:
        return 0
    end = file.seek(0, os.SEEK_END)
    if lines == 0:
        return end
    position, wanted = end, lines + 1
    while position > 0:
        size = min(_BLOCK, position)
        position -= size
        file.seek(position)
        block = file.read(size)
        # A newline at the very end ends the last line, and begins no other one.
        if position + size == end and not block.endswith(b"\n"):
            wanted -= 1
        breaks = [i for i, byte in enumerate(block) if byte == 0x0A]
        if len(breaks) >= wanted:
            return position + breaks[-wanted] + 1
        wanted -= len(breaks)
    return 0
