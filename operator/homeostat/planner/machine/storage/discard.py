"""What happens to disks that nobody wants any more: they are set aside for a while, or deleted where there is no trash."""

from __future__ import annotations

from dataclasses import dataclass

from ...actions import DeleteFile, SetAside
from ...domain import MovedDisk
from ..identity import digest


@dataclass(frozen=True, slots=True)
class Belongings:
    """Disks of one machine, and what their label will say."""

    namespace: str
    name: str  # of the machine
    uid: str  # its identity; empty: not known
    disks: tuple[tuple[str, str], ...]  # name, path
    macs: tuple[str, ...] = ()
    moved: tuple[MovedDisk, ...] = ()  # disks that others had put on other files


def discard(of: Belongings, keep: float, reason: str, occasion: str, *, returns: bool) -> list[SetAside | DeleteFile]:
    """Returns the actions that discard them. ``keep`` is in seconds. ``occasion`` distinguishes what was set aside at different
    times; the same one continues what was begun."""
    if not of.disks:
        return []
    if keep <= 0:
        return [DeleteFile(path, reason) for _, path in of.disks]
    entry = f"{of.namespace}.{of.name}-{digest(of.uid, occasion)[:8]}"
    moved = tuple(disk for disk in of.moved if disk.name in dict(of.disks))
    return [SetAside(entry, of.namespace, of.name, of.uid, of.disks, keep, returns, reason, of.macs, moved)]
