"""/api/vms/{vm_id}/disks/attach and detach, iso/mount and unmount."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import falcon.asgi

from homeostat.models.disk import Disk
from homeostat.models.machine import VirtualMachine
from homeostat.service.desk import Desk
from homeostat.service.kinds.collection import Patch
from homeostat.service.kinds.devices import MachineDevices
from homeostat.service.kinds.power import runs
from homeostat.service.naming.marks import resource_name
from homeostat.service.refusals import BeingDeleted
from homeostat_api.http.media import read_model
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.rights import Right, needs

from ..errors import bad
from ..fleet import Fleet
from ..iso_views import is_something_else
from ..machine_views import ISOS, disks, noted, noting
from ..moments import now
from ..words import DiskPath, IsoPath, OneMachine
from .machines import DRIVE, TAG, must_be_off

_ISO = re.compile(re.escape(ISOS) + r"([a-z0-9]([-a-z0-9]*[a-z0-9])?)\.iso")
CHANGED = {200: Answer("The machine.", OneMachine)}


class DiskAttach:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @needs(Right.CHANGE)
    @operation(
        "Attach a disk",
        TAG,
        CHANGED,
        description="A disk of /api/disks by its path, which one machine at a time has. Any other image file, in a folder that "
        "the server allows, is never written to: what the guest writes goes into a file of the machine. The machine must be off.",
        body=DiskPath,
        errors=(400, 404),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, vm_id: str) -> None:
        asked, desk = await read_model(req, DiskPath), self._fleet.desk(req)
        machine, path = await self._fleet.machine(desk.machines, vm_id), asked.diskPath
        device = await _device(self._fleet, desk, path)

        async def change(machine: VirtualMachine) -> Patch:
            must_be_off(machine)
            if any(disk["path"] == path for disk in disks(await desk.machines.effective(machine))):
                return {}
            attached = await MachineDevices(desk.machines).attach("disks", device)(machine)
            return {**attached, **noting({**noted(machine), device["name"]: {"path": path, "at": now()}})}

        needed = [desk.disks.key(device["name"])] if "diskRef" in device else []
        _, changed = await desk.machines.edit(machine.metadata.name, None, change, needed=needed)
        resp.media = {"vm": await self._fleet.show(desk.machines, changed)}


class DiskDetach:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @needs(Right.CHANGE)
    @operation(
        "Detach a disk", TAG, CHANGED, description="Its file stays. The machine must be off.", body=DiskPath, errors=(400, 404)
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, vm_id: str) -> None:
        asked, desk = await read_model(req, DiskPath), self._fleet.desk(req)
        machine = await self._fleet.machine(desk.machines, vm_id)

        async def change(machine: VirtualMachine) -> Patch:
            must_be_off(machine)
            effective, notes = await desk.machines.effective(machine), noted(machine)
            paths = [disk["path"] for disk in disks(effective)]
            owned = [disk for disk in effective.spec.disks if disk.type == "disk"]
            if asked.diskPath not in paths:
                raise bad(f"{asked.diskPath} is not attached to this VM")
            device = owned[paths.index(asked.diskPath)]
            if device.disk_ref is None and device.name not in notes:
                raise bad(f"{asked.diskPath} is the VM's own disk, which goes with it: take it out of the machine's own document")
            name = device.name
            detached = await MachineDevices(desk.machines).detach("disks", name)(machine)
            return {**detached, **noting({other: note for other, note in notes.items() if other != name})}

        _, changed = await desk.machines.edit(machine.metadata.name, None, change)
        resp.media = {"vm": await self._fleet.show(desk.machines, changed)}


class IsoMount:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @needs(Right.CHANGE)
    @operation(
        "Mount an ISO",
        TAG,
        CHANGED,
        description="In the place of another one. A guest that runs sees it at once.",
        body=IsoPath,
        errors=(400, 404),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, vm_id: str) -> None:
        asked, desk = await read_model(req, IsoPath), self._fleet.desk(req)
        image = await _medium(desk, asked.isoPath)
        resp.media = {"vm": await _put(self._fleet, desk, vm_id, image)}


class IsoUnmount:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @needs(Right.CHANGE)
    @operation("Unmount the ISO", TAG, CHANGED, description="Where none is mounted, nothing changes.", errors=(400, 404))
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, vm_id: str) -> None:
        resp.media = {"vm": await _put(self._fleet, self._fleet.desk(req), vm_id, None)}


async def _device(fleet: Fleet, desk: Desk, path: str) -> dict[str, Any]:
    """Returns the device for a path.

    Raises:
        Problem, Refusal: 400, there is no such file, or no guest can use it.
    """
    if (disk := await fleet.disk_at(desk.disks, path)) is not None:
        if disk.deleting:
            raise BeingDeleted(Disk, disk.metadata.name)
        return {"name": disk.metadata.name, "diskRef": {"name": disk.metadata.name}}
    format = await desk.admission.local_image(path)
    image = {"path": path, **({"format": format} if format else {})}
    return {"name": resource_name(path.rpartition("/")[2] or "disk"), "image": image}


async def _medium(desk: Desk, path: str) -> dict[str, Any]:
    """Returns the image for a path.

    Raises:
        Problem, Refusal: 400, there is no such file, or it is no ISO.
    """
    if (uploaded := _ISO.fullmatch(path)) is not None:
        image = await desk.images.find(uploaded[1])
        if image is None or is_something_else(image):
            raise bad(f"{path}: there is no such ISO")
        return {"imageRef": {"name": uploaded[1]}}
    return {"path": path, "format": await desk.admission.local_image(path, cdrom=True)}


async def _put(fleet: Fleet, desk: Desk, id: str, image: Mapping[str, Any] | None) -> dict[str, Any]:
    """Puts a medium into a machine's first drive, or takes it out. Returns the machine. One that has no drive gets one, if it
    is off."""
    machine = await fleet.machine(desk.machines, id)
    devices = MachineDevices(desk.machines)

    async def change(machine: VirtualMachine) -> Patch:
        drives = [disk for disk in (await desk.machines.effective(machine)).spec.disks if disk.type == "cdrom"]
        if drives:
            return await devices.mount(image)(machine)
        if image is None:
            return {}
        if runs(machine):
            raise bad("This VM has no drive for an ISO, and gets one only while it is stopped")
        return await devices.attach("disks", {"name": DRIVE, "type": "cdrom", "image": dict(image)})(machine)

    needed = [desk.images.key(image["imageRef"]["name"])] if image is not None and "imageRef" in image else []
    _, changed = await desk.machines.edit(machine.metadata.name, None, change, needed=needed)
    return await fleet.show(desk.machines, changed)
