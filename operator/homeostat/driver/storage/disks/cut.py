"""Whether a qcow2 file ends before its tables do, as a copy that was cut off. QEMU opens such a file without a word: what is
missing reads as zeros, and the first write makes that so for good."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import replace

from homeostat.planner.observed import ObservedDisk

from ..formats.header import CLUSTER_BITS
from ..paths import at_once, human_size
from .disks import read_disk
from .tags import TRIES

_HEADER = 72  # bytes, of each version: see QEMU's docs/interop/qcow2.txt
_TABLE_MAX = 2**16  # bytes of the table that are read: the first 4 TiB of a disk with usual clusters
_OFFSET = 0x00FFFFFFFFFFFE00  # likewise: the bits of an entry that say where the contents' own table is


def read_judged(path: str) -> ObservedDisk:
    """Reads one of our own disks, and says so where a qcow2 file was cut off.

    Raises:
        OSError: it cannot be read.
    """
    found = read_disk(path)
    cut = cut_short(path) if found.virtual_size else ""
    return replace(found, problem=f"{path} ends before its contents do: {cut}. Put it back from a backup") if cut else found


def cut_short(path: str) -> str:
    """Says that a qcow2 file ends before a table does that its header or its first table names; empty: it does not, or is no
    qcow2 file. Contents alone that are missing are not noticed: that takes reading all tables. Also while QEMU has it open.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb", buffering=0, opener=at_once) as file:
        for _ in range(TRIES):
            head = file.read(_HEADER) or b""
            if len(head) < _HEADER or head[:4] != b"QFI\xfb":
                return ""
            entries, at = struct.unpack_from(">IQ", head, 36)
            file.seek(at)
            table = file.read(min(entries * 8, _TABLE_MAX)) or b""
            length = os.fstat(file.fileno()).st_size  # after the table: QEMU writes what an entry names before the entry
            file.seek(0)
            if file.read(_HEADER) == head:  # else the table may be another one by now, and its place have other contents
                needed = max(_named(head, table))
                return "" if needed <= length else f"it has {human_size(length)}, and needs more than {human_size(needed - 1)}"
            file.seek(0)
    return ""


def _named(head: bytes, table: bytes) -> Iterator[int]:
    """Yields lengths that the file has at least: each table begins within it, and the first one ends there, too."""
    bits, entries, at, counts, snapshots, listed = struct.unpack_from(">I12xIQQ4xIQ", head, 20)
    yield 0
    if bits not in CLUSTER_BITS:
        return
    yield at + entries * 8 if entries else 0
    yield counts + 1
    yield listed + 1 if snapshots else 0
    for (entry,) in struct.iter_unpack(">Q", table[: len(table) // 8 * 8]):
        if where := entry & _OFFSET:
            yield where + 1
