"""The machines that everybody may know of: those that were made here, while they run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from homeostat.models.machine import VirtualMachine
from homeostat.service.desk import Desk
from homeostat.service.naming.marks import given_name, resource_name
from homeostat_api.http.contract import Foundation
from homeostat_api.http.kinds.kind_index import Entry, KindIndex
from homeostat_api.http.kinds.lists import ListCache, Page, Rendered

from .entries import LISTED, state, title
from .errors import no_machine, not_running

MEMORY_OF_CARDS = {"vga": 16 * 2**20, "qxl": 64 * 2**20, "cirrus": 4 * 2**20, "bochs": 16 * 2**20, "virtio": 0, "none": 0}
"""Bytes that a card has where its spec says nothing, as QEMU gives them."""


class Listed:
    """What they see is what the server itself sees of them."""

    def __init__(self, given: Foundation) -> None:
        self.service = given.service
        house = self.service.house
        self._index = KindIndex(house.machines, self.service.changes, self._shown, house.plugins.specs)
        self._cache = ListCache()

    @property
    def house(self) -> Desk:
        return self.service.house

    async def all(self) -> Rendered:
        """Returns the list."""
        now = self.service.changes.version()
        if (rendered := self._cache.get(now, None)) is None:
            version, found = await self._index.entries()
            rendered = self._cache.render(version, None, Page(None, 0), [one.summary for one in found if _is_listed(one)])
        return rendered

    async def machine(self, id: str) -> VirtualMachine:
        """Returns a machine that everybody may know of, with what its plugin gives it.

        Raises:
            Problem: 404, there is none; 409, it does not run.
        """
        machines = self.house.machines
        found = await machines.find(resource_name(id))
        if found is None or given_name(found) != id or found.metadata.annotations.get(LISTED) != "true":
            raise no_machine(id)
        if state(found) != "running":
            raise not_running(id)
        return await machines.effective(found)

    async def find(self, machine: VirtualMachine) -> VirtualMachine | None:
        """Returns a machine as it is now, with what its plugin gives it. None: it is gone, or everybody's no more."""
        found = await self.house.machines.find(machine.metadata.name)
        if found is None or found.metadata.uid != machine.metadata.uid or found.metadata.annotations.get(LISTED) != "true":
            return None
        return await self.house.machines.effective(found)

    async def one(self, id: str) -> dict[str, Any]:
        """Returns one as it is listed. Raises what ``machine`` does."""
        machine = await self.machine(id)
        return shown(machine, await self._sizes(machine))

    async def _shown(self, machine: VirtualMachine) -> dict[str, Any]:
        whole = await self.house.machines.effective(machine)
        return shown(whole, await self._sizes(whole))

    async def _sizes(self, machine: VirtualMachine) -> dict[str, int]:
        """Returns the sizes of a machine's disks that are Disks of their own, by name."""
        sizes: dict[str, int] = {}
        for device in machine.spec.disks:
            disk = await self.house.disks.find(device.disk_ref.name) if device.disk_ref is not None else None
            if disk is not None:
                sizes[device.name] = disk.spec.size or 0
        return sizes


def _is_listed(entry: Entry) -> bool:
    machine = entry.resource
    assert isinstance(machine, VirtualMachine)
    return machine.metadata.annotations.get(LISTED) == "true" and state(machine) == "running"


def shown(machine: VirtualMachine, sizes: dict[str, int]) -> dict[str, Any]:
    """Returns a machine as it is listed. ``sizes``: of disks of which neither its spec nor its status tells."""
    return {
        "id": given_name(machine),
        "name": title(machine),
        "info": {
            "hypervisor": "qemu",
            "os": {"kind": "other", "arch": "x86_64"},
            "disk": list(_disks(machine, sizes)),
            "graphics": _graphics(machine),
        },
    }


def _disks(machine: VirtualMachine, sizes: dict[str, int]) -> Iterator[dict[str, Any]]:
    seen = {disk.name: disk.size for disk in machine.status.disks} if machine.status else {}
    for disk in machine.spec.disks:
        if disk.type == "disk":
            size = seen.get(disk.name) or disk.size or sizes.get(disk.name, 0)
            yield {"type": "ssd" if disk.rotation_rate == 1 else "hdd", "size": size}


def _graphics(machine: VirtualMachine) -> dict[str, Any]:
    display = machine.spec.display
    if any(device.mdev and device.mdev.display for device in machine.spec.host_devices):
        return {"type": "burst"}
    return {"type": "vga", "vram_size": display.video_memory or MEMORY_OF_CARDS[display.video]}
