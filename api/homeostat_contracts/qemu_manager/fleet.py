"""Machines, disks and ISOs by the ids that clients know them by, and the port that each machine is given."""

from __future__ import annotations

from typing import Any

from homeostat.models.disk import Disk, DiskStatus
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.service.kinds.disks import Disks
from homeostat.service.kinds.images import Images
from homeostat.service.kinds.machines import Machines
from homeostat_api.http.contract import Foundation
from homeostat_api.http.kinds.kind_index import KindIndex
from homeostat_api.http.kinds.lists import ListAnswer
from homeostat_api.http.kinds.machine_fleet import MachineFleet

from . import disk_views, iso_views, machine_views
from .errors import no_disk, no_iso, no_machine
from .iso_views import is_iso

PORTS = "qemu-manager/vnc"
"""The book that ports are counted in."""
FIRST_PORT = 5900


class Fleet(MachineFleet):
    """The machines, and the disks and ISOs that they may have."""

    def __init__(self, given: Foundation) -> None:
        super().__init__(given, (b'{"vms":[', b"]}"))
        service = given.service
        self._disks = KindIndex(service.house.disks, service.changes, _disk_shown)
        self._images = KindIndex(service.house.images, service.changes, _iso_shown)
        self.disk_list = ListAnswer(self._disks, service, (b'{"disks":[', b"]}"))
        self.iso_list = ListAnswer(self._images, service, (b'{"isos":[', b"]}"))

    async def machine(self, machines: Machines, id: str) -> VirtualMachine:
        """Returns the machine of that id, as the actor sees it.

        Raises:
            Problem: 404, there is none.
        """
        if (found := await self.index.of_id(machines, id)) is None:
            raise no_machine()
        return found

    async def show(self, machines: Machines, machine: VirtualMachine) -> dict[str, Any]:
        """Returns a machine in the contract's words."""
        port = await self.port(machine)
        return machine_views.shown(await machines.effective(machine), port)

    async def disk(self, disks: Disks, id: str) -> Disk:
        """Returns the disk of that id, as the actor sees it.

        Raises:
            Problem: 404, there is none.
        """
        if (found := await self._disks.of_id(disks, id)) is None:
            raise no_disk()
        return found

    async def disk_at(self, disks: Disks, path: str) -> Disk | None:
        """Returns the disk whose file has that path, as the actor sees it. None: there is none."""
        _, entries = await self._disks.entries()
        for entry in entries:
            status = entry.resource.status
            if isinstance(status, DiskStatus) and status.path == path and (found := await disks.find(entry.name)) is not None:
                return found
        return None

    async def iso(self, images: Images, id: str) -> Image:
        """Returns the ISO of that id, as the actor sees it.

        Raises:
            Problem: 404, there is none.
        """
        found = await self._images.of_id(images, id)
        if found is None or not is_iso(found):
            raise no_iso()
        return found

    async def port(self, machine: VirtualMachine) -> int:
        """Returns the number that a machine's screen goes by. Nothing listens there, unless its spec says so: consoles are
        opened by its id. No other machine ever gets the same."""
        return FIRST_PORT - 1 + await self.number(PORTS, machine)


async def _disk_shown(disk: Disk) -> dict[str, Any]:
    return disk_views.shown(disk)


async def _iso_shown(image: Image) -> dict[str, Any]:
    return iso_views.shown(image)
