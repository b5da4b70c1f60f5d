"""Whether QEMU has the file open that lies at a disk's path.

Who puts a backup in its place while the machine runs replaces what has the name only. QEMU writes on to the former file, which
goes for good when the machine stops.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from contextlib import suppress

from homeostat.planner.observed import ObservedDomain

from ..errors import DiskReplaced


def check_open(known: ObservedDomain, paths: Sequence[str]) -> None:
    """Checks the paths of disks of a machine that runs. Where nobody knows what its QEMU has open, none is refused: it may run
    elsewhere, or be another user's.

    Raises:
        DiskReplaced: another file lies there.
    """
    try:
        opened = _opened(known.pid) if known.pid is not None else set()
    except OSError:
        return
    for path in paths:
        with suppress(OSError):  # what is not there is said elsewhere
            if opened and _identity(os.stat(path)) not in opened:
                raise DiskReplaced(
                    f"{path} was replaced while machine {known.name} runs: its QEMU writes to the former file, which has no name "
                    "any more, and goes when the machine stops. Copy what you need of it from within the guest, and restart the "
                    "machine then"
                )


def _opened(pid: int) -> set[tuple[int, int]]:
    found = set()
    with os.scandir(f"/proc/{pid}/fd") as links:
        for link in links:
            with suppress(FileNotFoundError):  # closed by now
                found.add(_identity(link.stat()))
    return found


def _identity(found: os.stat_result) -> tuple[int, int]:
    """Names a file. A block device is one by its number: QEMU may see it through a node of its own."""
    return (-1, found.st_rdev) if stat.S_ISBLK(found.st_mode) else (found.st_dev, found.st_ino)
