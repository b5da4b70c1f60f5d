"""QEMU processes, and which files they have open for writing: from /proc alone."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tests.rig import processes

GUEST = re.compile(r"guest=([^ ,]+)")
UUID = re.compile(r" -uuid ([0-9a-f-]+)")


@dataclass(frozen=True, slots=True)
class Qemu:
    """``writes`` are inodes, with a name for each."""

    pid: int
    guest: str
    uuid: str
    writes: dict[tuple[int, int], str]


def qemus(root: Path) -> list[Qemu]:
    """Those that use something below ``root``."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        pid = int(place.name)
        command = processes.command_of(pid)
        guest, uuid = GUEST.search(command), UUID.search(command)
        if "qemu-system" in command and str(root) in command and guest and uuid:
            found.append(Qemu(pid, guest[1], uuid[1], dict(_written(place, root))))
    return sorted(found, key=lambda qemu: qemu.pid)


def _written(place: Path, root: Path) -> list[tuple[tuple[int, int], str]]:
    found = []
    try:
        handles = os.listdir(place / "fd")
    except OSError:
        return []
    for handle in handles:
        try:
            path = os.readlink(place / "fd" / handle)
            if not path.startswith(str(root)):
                continue
            flags = int(re.search(r"flags:\s*(\d+)", (place / "fdinfo" / handle).read_text())[1], 8)  # type: ignore[index]
            stat = os.stat(place / "fd" / handle)
        except OSError:
            continue
        if flags & os.O_ACCMODE in (os.O_WRONLY, os.O_RDWR):
            found.append(((stat.st_dev, stat.st_ino), path))
    return found


def written_twice(found: list[Qemu]) -> list[str]:
    """Files that two processes have open for writing."""
    writers: dict[tuple[int, int], dict[int, str]] = {}
    for qemu in found:
        for inode, path in qemu.writes.items():
            writers.setdefault(inode, {})[qemu.pid] = f"{qemu.guest} has {path}"
    return [" and ".join(sorted(by.values())) for by in writers.values() if len(by) > 1]


def run_twice(found: list[Qemu]) -> list[str]:
    """Machines that run in two processes."""
    names = [qemu.guest for qemu in found] + [qemu.uuid for qemu in found]
    return sorted({name for name in names if names.count(name) > 1})
