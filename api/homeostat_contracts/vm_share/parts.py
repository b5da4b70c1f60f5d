"""What there is of the contract, whoever has it. It is read from memory while nothing changes: everybody may list machines."""

from __future__ import annotations

from collections.abc import Sequence

from homeostat.models.disk import Disk
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.models.snapshot import Snapshot
from homeostat.service.kinds.collection import Collection, R
from homeostat.service.service import Service
from homeostat_api.http.kinds.kind_index import KindIndex

from .marks import MOMENT, SESSION, is_part


class LabParts:
    def __init__(self, service: Service) -> None:
        house, changes = service.house, service.changes
        self._machines = KindIndex(house.machines, changes)
        self._disks = KindIndex(house.disks, changes)
        self._images = KindIndex(house.images, changes)
        self._snapshots = KindIndex(house.snapshots, changes)

    async def sessions(self) -> Sequence[VirtualMachine]:
        """Returns the machines."""
        return [one for one in await self._machines.resources() if is_part(one, SESSION)]

    async def disks(self) -> Sequence[Disk]:
        """Returns all Disks, those of the contract among them."""
        return await self._disks.resources()

    async def images(self) -> Sequence[Image]:
        """Returns all Images, those of the contract among them."""
        return await self._images.resources()

    async def moments(self) -> Sequence[Snapshot]:
        """Returns the Snapshots that disks are being copied from."""
        return [one for one in await self._snapshots.resources() if is_part(one, MOMENT)]


async def seen_newest_first(collection: Collection[R], found: Sequence[R]) -> list[R]:
    """Returns those of the resources that the actor of a collection sees, as they are now."""
    ordered = sorted(found, key=lambda one: (one.metadata.creation_timestamp or "", one.metadata.name), reverse=True)
    return [seen for one in ordered if (seen := await collection.find(one.metadata.name)) is not None]
