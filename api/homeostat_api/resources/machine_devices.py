"""/api/v1/vms/{name}/disks, /nics and /media: single devices of a machine, as edits of its spec."""

from __future__ import annotations

from typing import Any

import falcon.asgi

from homeostat.models.machine_disks import DiskDevice
from homeostat.models.machine_nics import Nic
from homeostat.service.kinds.devices import DeviceEdit, Devices, MachineDevices
from homeostat.service.service import Service

from ..http.actor import who
from ..http.media import read_object
from ..http.operations import ETAG, Answer, Parameter, operation
from ..http.requests.parameters import IF_MATCH, flag
from ..http.requests.preconditions import expected_version
from ..http.requests.spec_changes import DRY_RUN, answer_edit
from ..http.rights import Right, needs
from .machine_spec import TAG, MachineSpecChanged

STOPPED = Parameter("stoppedOnly", {"type": "boolean", "default": False}, "Refuse it while a guest runs.")
DRIVE = Parameter("drive", {"type": "string", "maxLength": 63}, "The name of the cdrom drive. Default: the first one.")
ONLY_ONE = Parameter("onlyOne", {"type": "boolean", "default": False}, "Refuse it while another drive has a medium.")
_CHANGED = {200: Answer("The spec after the change, and what that takes.", MachineSpecChanged, headers=ETAG)}
_OURS = "Our extension: an edit of the spec. A guest that runs gets it at once where the answer says Live. "


class DeviceCollection:
    """The disks or nics of a machine, to which one is added."""

    def __init__(self, service: Service, kind: Devices) -> None:
        self._service, self._kind = service, kind

    async def attach(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        machines = self._service.asked_by(who(req)).machines
        version = expected_version(req, await machines.get(name))
        edit = MachineDevices(machines).attach(self._kind, await read_object(req), only_off=flag(req, "stoppedOnly"))
        await answer_edit(req, resp, machines, name, version, edit)


class MachineDisks(DeviceCollection):
    @needs(Right.CHANGE)
    @operation(
        "Attach a disk", TAG, _CHANGED, description=_OURS, parameters=(IF_MATCH, DRY_RUN, STOPPED), body=DiskDevice,
        errors=(400, 404, 409, 412),
    )  # fmt: skip
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        await self.attach(req, resp, name)


class MachineNics(DeviceCollection):
    @needs(Right.CHANGE)
    @operation(
        "Attach a network card", TAG, _CHANGED, description=_OURS, parameters=(IF_MATCH, DRY_RUN, STOPPED), body=Nic,
        errors=(400, 404, 409, 412),
    )  # fmt: skip
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        await self.attach(req, resp, name)


class MachineDevice:
    """One disk or nic of a machine."""

    def __init__(self, service: Service, kind: Devices) -> None:
        self._service, self._kind = service, kind

    @needs(Right.CHANGE)
    @operation(
        "Detach a disk or a network card", TAG, _CHANGED,
        description=_OURS + "A disk's file follows its reclaimPolicy; the disk that the guest boots from waits for a restart.",
        parameters=(IF_MATCH, DRY_RUN, STOPPED), errors=(400, 404, 409, 412),
    )  # fmt: skip
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str, device: str) -> None:
        machines = self._service.asked_by(who(req)).machines
        version = expected_version(req, await machines.get(name))
        edit = MachineDevices(machines).detach(self._kind, device, only_off=flag(req, "stoppedOnly"))
        await answer_edit(req, resp, machines, name, version, edit)


class MachineMedia:
    """The medium in a cdrom drive of a machine."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.CHANGE)
    @operation(
        "Put a medium into a drive", TAG, _CHANGED,
        description=_OURS + "The body is an image, as a disk's image in YAML.",
        parameters=(IF_MATCH, DRY_RUN, DRIVE, ONLY_ONE), body={"type": "object", "additionalProperties": True},
        errors=(400, 404, 409, 412),
    )  # fmt: skip
    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        await self._answer(req, resp, name, await read_object(req))

    @needs(Right.CHANGE)
    @operation(
        "Take a medium out of a drive", TAG, _CHANGED, description=_OURS, parameters=(IF_MATCH, DRY_RUN, DRIVE),
        errors=(400, 404, 409, 412),
    )  # fmt: skip
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        await self._answer(req, resp, name, None)

    async def _answer(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str, image: dict[str, Any] | None
    ) -> None:
        machines = self._service.asked_by(who(req)).machines
        version = expected_version(req, await machines.get(name))
        edit: DeviceEdit = MachineDevices(machines).mount(image, req.get_param("drive"), only_one=flag(req, "onlyOne"))
        await answer_edit(req, resp, machines, name, version, edit)
