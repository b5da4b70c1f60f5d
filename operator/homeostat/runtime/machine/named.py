"""The Disks that a machine's spec names, as the store has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from homeostat.models.base import Key
from homeostat.models.disk import Disk
from homeostat.models.machine import VirtualMachine
from homeostat.planner.placement import DISK_NOT_READY
from homeostat.planner.plan import Stalled, Waiting

from ..engine.ports import Unreadable
from .effective import Lookup

KeptOff = Callable[[Disk], Waiting | Stalled | None]
"""Returns why a Disk is not kept on this host, so that no machine here may have it. None: it is."""


def kept_here(disk: Disk) -> None:
    """Says of every Disk that it is kept here: where there is one host only."""
    return


async def named_disks(
    machine: VirtualMachine, store: Lookup, kept_off: KeptOff = kept_here
) -> Mapping[str, Disk | Stalled | Waiting]:
    """Returns the Disks by name, or why one cannot be had."""
    found: dict[str, Disk | Stalled | Waiting] = {}
    namespace = machine.metadata.namespace
    for ref in (device.disk_ref for device in machine.spec.disks):
        if ref is None:
            continue
        try:
            disk = await store.get(Disk, Key(Disk.KIND, namespace, ref.name))
        except Unreadable as error:
            found[ref.name] = Waiting(DISK_NOT_READY, f"Disk {ref.name} cannot be read: {error}")
            continue
        if disk is None:
            why = f"there is no Disk {ref.name!r} in namespace {namespace}: declare it, or name another"
            found[ref.name] = Waiting(DISK_NOT_READY, why)
        else:
            found[ref.name] = kept_off(disk) or disk
    return found
