"""Disks where there are several hosts: none is made there yet, and each says so."""

from __future__ import annotations

from homeostat.models.base import Key
from homeostat.models.condition import READY, STALLED, merge_conditions, sayer
from homeostat.models.disk import Disk, DiskStatus

from ..engine.clock import timestamp
from ..engine.ports import ResourceStore
from ..engine.reconciler import GONE, Next

UNKEPT = (
    "only `homeostat up` with its one host keeps Disks so far: where there are several hosts, or a cluster, give the machine a "
    "disk of its own (disks[].size)"
)


class UnkeptDisks:
    """Reconciles Disks that no host keeps."""

    def __init__(self, store: ResourceStore) -> None:
        self._store = store

    looks_at_many = False

    async def reconcile(self, disk: Disk) -> Next:
        if disk.deleting:
            await self._store.release(disk.key, disk.metadata.uid)
            return GONE
        before, say = disk.status or DiskStatus(), sayer(disk.metadata.generation)
        found = [say(type, holds, "SeveralHosts", UNKEPT) for type, holds in ((READY, False), (STALLED, True))]
        conditions = merge_conditions(before.conditions, found, timestamp())
        status = before.model_copy(update={"observed_generation": disk.metadata.generation, "conditions": conditions})
        if status != disk.status:
            await self._store.write_status(disk.key, disk.metadata.uid, status)
        return Next()

    def forget(self, key: Key) -> None:
        """Does nothing: nothing is remembered."""
