"""/api/vms/{vm}/action: what is done to a machine."""

from __future__ import annotations

from contextlib import suppress

import falcon.asgi

from homeostat.models.machine import MachineState, RunStrategy, VirtualMachine
from homeostat.service.kinds.collection import Patch, of_spec
from homeostat.service.kinds.machines import Machines
from homeostat.service.kinds.power import fails_to_start, is_up, runs, state_of, wants_running, why_off
from homeostat.service.refusals import AlreadyRunning, AlreadyStopped
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.rights import Right, needs

from ..errors import bad, failed, no_machine
from ..fleet import LimenFleet
from ..words import ActionAsked, ActionBody, SizeAsked, VmShown, read
from .machines import PATIENCE, TAG


class LimenActions:
    def __init__(self, fleet: LimenFleet) -> None:
        self._fleet = fleet

    @needs(Right.CHANGE)
    @operation(
        "Start, stop, delete or update a machine",
        TAG,
        {200: Answer("The machine.", VmShown)},
        description="By its number or its uuid. One that runs already is started, and one that is off is stopped, without a "
        "change. update needs cpu and memory, and a machine that is stopped. delete cuts the power of one that runs.",
        body=ActionBody,
        errors=(400, 403, 404),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, vm: str) -> None:
        asked, machines = await read(req, ActionAsked), self._fleet.desk(req).machines
        machine = await self._fleet.machine(machines, vm)
        match asked.action:
            case "start":
                machine = await start(machines, machine)
            case "stop":
                machine = await _stop(machines, machine)
            case "delete":
                machine = await _delete(machines, machine)
            case "update":
                machine = await _update(machines, machine, await read(req, SizeAsked))
        resp.media = await self._fleet.show(machines, machine)


async def start(machines: Machines, machine: VirtualMachine, patience: float = PATIENCE) -> VirtualMachine:
    """Starts a machine, and returns it once it runs, or after ``patience`` seconds.

    Raises:
        Problem: 404, it is gone; 500, it does not start, and is off again.
    """
    name = machine.metadata.name
    with suppress(AlreadyRunning):
        await machines.start(name)
    _, found = await machines.wait(name, lambda now: now is None or is_up(now) or fails_to_start(now), patience)
    if found is None:
        raise no_machine()
    if fails_to_start(found):
        with suppress(AlreadyStopped):
            await machines.stop(name, True)
        raise failed(f"VM cannot be started: {why_off(found)}")
    return found


async def _stop(machines: Machines, machine: VirtualMachine) -> VirtualMachine:
    """Asks the guest to shut down. One that takes its time has its power cut after its grace period."""
    name = machine.metadata.name
    with suppress(AlreadyStopped):
        await machines.stop(name, False)
    _, found = await machines.wait_off(name, PATIENCE)
    if found is None:
        raise no_machine()
    return found


async def _delete(machines: Machines, machine: VirtualMachine) -> VirtualMachine:
    await machines.delete(machine, True)
    _, found = await machines.wait_gone(machine, PATIENCE)
    left = found if found is not None and found.metadata.uid == machine.metadata.uid else machine
    return left.model_copy(update={"spec": left.spec.model_copy(update={"run_strategy": RunStrategy.HALTED})})


async def _update(machines: Machines, machine: VirtualMachine, size: SizeAsked) -> VirtualMachine:
    if state_of(machine) is MachineState.STOPPING:
        _, found = await machines.wait_off(machine.metadata.name, PATIENCE)
        machine = found or machine

    async def change(now: VirtualMachine) -> Patch:
        if runs(now) or wants_running(now.spec):
            raise bad("VM must be stopped before its resources can be updated")
        return of_spec({"resources": {"vcpu": size.cpu, "memory": f"{size.memory}Mi"}})

    _, changed = await machines.edit(machine.metadata.name, None, change)
    return changed
