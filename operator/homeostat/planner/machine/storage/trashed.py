"""What the trash has of a disk that the spec names. It is taken back where the spec could have it; else it is reported."""

from __future__ import annotations

from homeostat.models.machine import VirtualMachine
from homeostat.models.machine_disks import DiskDevice
from homeostat.models.quantity import format_quantity

from ...actions import TakeBack
from ...domain import MovedDisk
from ...files.trash import TrashedDisk, TrashEntry, returning
from ...observed import Observed, ObservedImage
from ..identity import disk_path


def from_trash(
    machine: VirtualMachine, disk: DiskDevice, observed: Observed, base: ObservedImage | None, size: int
) -> TakeBack | None:
    """Returns the disk as it was when the machine was deleted or the disk left the spec. One that this spec could not have, such
    as one built on another image, stays where it is."""
    found = returning(observed.storage.trash, machine.identity, disk.name)
    if found is None or _misfit(disk, found[1], base, size):
        return None
    entry, trashed = found
    path = disk_path(observed.host.storage_root, machine, disk.name)
    moved = MovedDisk(disk.name, trashed.source, trashed.source_format) if trashed.source else None
    return TakeBack(entry.entry, disk.name, path, f"it was set aside on {entry.since}: {entry.reason}", moved)


def stays_in_trash(machine: VirtualMachine, disk: DiskDevice, observed: Observed, base: ObservedImage | None, size: int) -> str:
    """Says that another disk lies there which does not come back by itself, and how to get it; empty: there is none."""
    found = returning(observed.storage.trash, machine.identity, disk.name)
    if found is None:
        return ""
    entry, trashed = found
    misfit, path = _misfit(disk, trashed, base, size), disk_path(observed.host.storage_root, machine, disk.name)
    why, change = (f", as {misfit[0]}", f"{misfit[1]}, ") if misfit else ("", "")
    return (
        f"disks[{disk.name}]: one that was set aside on {entry.since} stays in the trash ({_until(entry)})"
        f"{why}: to have it back, {change}`homeostat stop {machine.metadata.name}`, move "
        f"{path} away, and `homeostat trash restore {entry.entry}`"
    )


def _misfit(disk: DiskDevice, trashed: TrashedDisk, base: ObservedImage | None, size: int) -> tuple[str, str] | None:
    """Says why this spec could not have it, and what to change in the spec; None: it could."""
    if trashed.backing != (base.path if base else None):
        built_on, asked = trashed.backing or "no image", base.path if base else "no image"
        return f"it was built on {built_on}, and the spec asks for {asked}", "give the spec its former image"
    if disk.size is not None and size < trashed.virtual_size:
        had = format_quantity(trashed.virtual_size)
        return f"it has {had}, and the spec asks for {format_quantity(size)}", f"set the size to {had} or more"
    return None


def _until(entry: TrashEntry) -> str:
    return f"{entry.entry}, until {entry.until}" if entry.until else entry.entry
