"""The Disks that a machine's spec names, as the store has them."""

from __future__ import annotations

from collections.abc import Mapping

from homeostat.models.base import Key
from homeostat.models.disk import Disk
from homeostat.models.machine import VirtualMachine

from ..engine.ports import Unreadable
from .effective import Lookup


async def named_disks(machine: VirtualMachine, store: Lookup) -> Mapping[str, Disk | None]:
    """Returns the Disks by name. None: there is none, or nobody can read what it is."""
    found: dict[str, Disk | None] = {}
    for ref in (device.disk_ref for device in machine.spec.disks):
        if ref is not None:
            try:
                found[ref.name] = await store.get(Disk, Key(Disk.KIND, machine.metadata.namespace, ref.name))
            except Unreadable:
                found[ref.name] = None
    return found
