"""The table of snapshots that a qcow2 file has."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from homeostat.planner.files.disk_tag import DiskTag

from ..paths import at_once

ENTRIES_MAX = 4096  # of one file
TABLE_MAX = 2**21  # bytes of one table
TRIES = 5  # QEMU replaces the table while it is read


def has_tags(head: bytes) -> bool:
    """Tells from the first bytes of a qcow2 file whether it has snapshots."""
    return len(head) >= 72 and head[60:64] != bytes(4)


def read_tags(path: str) -> tuple[DiskTag, ...] | None:
    """Reads the snapshots of a qcow2 file, also while QEMU has it open. None: it is no qcow2 file.

    The format: QEMU's docs/interop/qcow2.txt, "Snapshots".

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb", buffering=0, opener=at_once) as file:
        for _ in range(TRIES):
            head = file.read(72) or b""
            if len(head) < 72 or head[:4] != b"QFI\xfb":
                return None
            count, at = struct.unpack_from(">IQ", head, 60)
            file.seek(at)
            table = file.read(TABLE_MAX) if count else b""
            file.seek(0)
            if file.read(72)[60:72] == head[60:72]:
                return tuple(_entries(table, min(count, ENTRIES_MAX), struct.unpack_from(">Q", head, 24)[0]))
            file.seek(0)
    raise OSError(f"{path} changes its snapshots all the time")


def _entries(table: bytes, count: int, now: int) -> Iterator[DiskTag]:
    at = 0
    for _ in range(count):
        if at + 40 > len(table):
            return
        id_length, name_length, seconds, nanoseconds, _clock, memory, more = struct.unpack_from(">HHIIQII", table, at + 12)
        large = struct.unpack_from(">Q", table, at + 40)[0] if more >= 8 and at + 48 <= len(table) else memory
        name = at + 40 + more + id_length
        size = struct.unpack_from(">Q", table, at + 48)[0] if more >= 16 and at + 56 <= len(table) else 0
        tag = table[name : name + name_length].decode(errors="replace")
        yield DiskTag(tag, seconds + nanoseconds / 1e9, large, size, now)
        at = -(-(name + name_length) // 8) * 8
