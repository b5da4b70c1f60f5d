"""/api/vms, /api/vms/{vm_id} and its resources."""

from __future__ import annotations

import falcon
import falcon.asgi

from homeostat.models.machine import VirtualMachine
from homeostat.service.kinds.collection import Patch, of_spec
from homeostat.service.kinds.power import runs, wants_running
from homeostat.service.naming.marks import marks_of
from homeostat_api.http.answers.given_names import asked_name
from homeostat_api.http.kinds.lists import newest_first
from homeostat_api.http.media import read_model
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.rights import Right, needs

from ..errors import bad, failed
from ..fleet import Fleet
from ..words import AllMachines, DoneMessage, NewMachine, NewSize, OneMachine

TAG = "Virtual machines"
GRACE = 10  # seconds that a guest which was made here may take to shut down
DRIVE = "iso"


class ManagedMachines:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @needs(Right.SEE)
    @operation("List machines", TAG, {200: Answer("The newest first.", AllMachines)})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await self._fleet.list(req, resp, newest_first())

    @needs(Right.CHANGE)
    @operation("Make a machine", TAG, {201: Answer("It is off.", OneMachine)}, body=NewMachine, errors=(400,))
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked, machines = await read_model(req, NewMachine), self._fleet.desk(req).machines
        spec = {
            "runStrategy": "Halted",
            "resources": {"vcpu": asked.cpus, "memory": f"{asked.memory}Mi"},
            "disks": [{"name": DRIVE, "type": "cdrom"}],
            "nics": [{"name": "net", "user": {}}],  # as QEMU gives one to whoever starts it by hand
            "shutdown": {"gracePeriodSeconds": GRACE},
        }
        made = await machines.make(asked_name(req, asked.name), spec, marks=marks_of(asked.name))
        resp.status, resp.media = falcon.HTTP_201, {"vm": await self._fleet.show(machines, made)}


class ManagedMachine:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @needs(Right.SEE)
    @operation("Get a machine", TAG, {200: Answer("The machine.", OneMachine)}, errors=(404,))
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, vm_id: str) -> None:
        machines = self._fleet.desk(req).machines
        resp.media = {"vm": await self._fleet.show(machines, await self._fleet.machine(machines, vm_id))}

    @needs(Right.CHANGE)
    @operation(
        "Delete a machine",
        TAG,
        {200: Answer("It is gone.", DoneMessage)},
        description="One that runs has its power cut first. The files of its disks stay.",
        errors=(400, 404),
    )
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, vm_id: str) -> None:
        machines = self._fleet.desk(req).machines
        machine = await self._fleet.machine(machines, vm_id)
        await machines.delete(machine, True)
        gone, _ = await machines.wait_gone(machine, self._fleet.margin)
        if not gone:
            raise failed("The VM is still being deleted: ask for it again")
        resp.media = {"message": "VM deleted successfully"}


class ManagedResources:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @needs(Right.CHANGE)
    @operation(
        "Give a machine other resources",
        TAG,
        {200: Answer("The machine.", OneMachine)},
        description="It must be off.",
        body=NewSize,
        errors=(400, 404),
    )
    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, vm_id: str) -> None:
        asked, machines = await read_model(req, NewSize), self._fleet.desk(req).machines
        if asked.cpus is None and asked.memory is None:
            raise bad("cpus, memory: give at least one")
        machine = await self._fleet.machine(machines, vm_id)

        async def change(machine: VirtualMachine) -> Patch:
            must_be_off(machine)
            size = {
                **({"vcpu": asked.cpus} if asked.cpus is not None else {}),
                **({"memory": f"{asked.memory}Mi"} if asked.memory is not None else {}),
            }
            return of_spec({"resources": size})

        _, changed = await machines.edit(machine.metadata.name, None, change)
        resp.media = {"vm": await self._fleet.show(machines, changed)}


def must_be_off(machine: VirtualMachine) -> None:
    """Checks that no guest runs, and none is about to.

    Raises:
        Problem: 400, one does.
    """
    if runs(machine) or wants_running(machine.spec):
        raise bad("VM must be stopped")
