"""Disks that copy each other, so that none of them can ever be made."""

from __future__ import annotations

from homeostat.models.base import Key
from homeostat.models.disk import Disk
from homeostat.planner.plan import Stalled

from ..engine.ports import Unreadable
from ..machine.effective import Lookup

CIRCLE = "CopiesInACircle"


async def in_a_circle(disk: Disk, store: Lookup) -> Stalled | None:
    """Says that a Disk that is not there yet is to be a copy of itself, by way of others. None: it is not."""
    first, names = disk.metadata.name, [disk.metadata.name]
    found: Disk | None = disk
    while found is not None and (source := found.spec.source) is not None and source.disk_ref is not None:
        name = source.disk_ref.name
        if name == first:
            way = ", ".join(f"Disk {one} of {other}" for one, other in zip(names, [*names[1:], first], strict=True))
            why = f"spec.source.diskRef: none of these can be made first, since each is to be a copy of the next one ({way})"
            return Stalled(CIRCLE, f"{why}: give one of them another source, or none")
        if name in names:
            return None  # it copies one that is in a circle, which says so
        names.append(name)
        try:
            found = await store.get(Disk, Key(Disk.KIND, disk.metadata.namespace, name))
        except Unreadable:
            return None
        if found is not None and found.deleting:
            return None
    return None
