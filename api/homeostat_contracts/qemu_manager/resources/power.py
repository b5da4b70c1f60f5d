"""/api/vms/{vm_id}/start and stop. What they answer has happened."""

from __future__ import annotations

from contextlib import suppress

import falcon.asgi

from homeostat.models.machine import VirtualMachine
from homeostat.service.kinds.machines import Machines
from homeostat.service.kinds.power import fails_to_start, is_up, why_off
from homeostat.service.refusals import AlreadyStopped
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.rights import Right, needs

from ..errors import failed
from ..fleet import Fleet
from ..machine_views import command, noted
from ..words import DoneMessage, StartedMachine
from .machines import TAG

PATIENCE = 60.0  # seconds for a machine to start: its image may have to be fetched first


class ManagedStart:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @needs(Right.CHANGE)
    @operation(
        "Start a machine",
        TAG,
        {200: Answer("It runs.", StartedMachine)},
        description="500: it does not start; the error says why, and it is off again.",
        errors=(400, 404),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, vm_id: str) -> None:
        machines = self._fleet.desk(req).machines
        name = (await self._fleet.machine(machines, vm_id)).metadata.name
        await machines.start(name)
        _, found = await machines.wait(name, lambda found: found is None or is_up(found) or fails_to_start(found), PATIENCE)
        if found is None or not is_up(found):
            raise failed(await _given_up(machines, name, found))
        vm = await self._fleet.show(machines, found)
        resp.media = {"vm": vm, "command": command(await machines.effective(found), vm["disks"], vm["vnc_port"])}


class ManagedStop:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @needs(Right.CHANGE)
    @operation(
        "Stop a machine",
        TAG,
        {200: Answer("It is off.", DoneMessage)},
        description="The guest is asked to shut down; after its grace period the power is cut. One that is off stays off.",
        errors=(404,),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, vm_id: str) -> None:
        machines = self._fleet.desk(req).machines
        machine = await self._fleet.machine(machines, vm_id)
        name = machine.metadata.name
        with suppress(AlreadyStopped):
            await machines.stop(name, False)
        off, _ = await machines.wait_off(name, machine.spec.shutdown.grace_period_seconds + self._fleet.margin)
        if not off:
            raise failed("The guest has not shut down yet: ask again")
        resp.media = {"message": "VM stopped successfully"}


async def _given_up(machines: Machines, name: str, found: VirtualMachine | None) -> str:
    """Stops a machine that does not start, and returns why it does not."""
    if found is None:
        return "The VM was deleted meanwhile"
    said = _by_paths(found, why_off(found)) or f"it did not within {PATIENCE:.0f} seconds"
    with suppress(AlreadyStopped):
        await machines.stop(name, True)
    return f"The VM does not start: {said}"


def _by_paths(machine: VirtualMachine, said: str) -> str:
    """Returns a text that calls disks of a machine by the paths that they were attached by."""
    for name, note in noted(machine).items():
        said = said.replace(f"disks[{name}]", note["path"])
    return said
