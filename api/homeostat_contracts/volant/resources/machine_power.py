"""/api/v1/vms/{name}/start, stop and restart. What they write lies in homeostat.runtime.machine.commands."""

from __future__ import annotations

import falcon
import falcon.asgi

from homeostat.models.machine import VirtualMachine
from homeostat.runtime.engine.clock import timestamp
from homeostat.runtime.machine import commands
from homeostat.service.machines import Machines
from homeostat.service.power import already_running, already_stopped, is_off, wants_running
from homeostat_api.http.errors import Problem
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.parameters import FORCE, WAIT, flag, whole_number
from homeostat_api.http.rights import Right, needs

from .. import machine_views as views
from ..words.machines import MachineBrief
from .machines import TAG


async def _standing(machines: Machines, name: str) -> VirtualMachine:
    """The effective machine: a batch plugin's runs once, though its spec does not say so.

    Raises:
        Problem: 404, there is none; 409, it is being deleted.
    """
    return await machines.effective(await machines.standing(name))


class MachineStart:
    def __init__(self, machines: Machines) -> None:
        self._machines = machines

    @needs(Right.CHANGE)
    @operation(
        "Start a stopped machine",
        TAG,
        {200: Answer("It starts.", MachineBrief)},
        description="409 where it runs or is on its way.",
        errors=(404, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        machine = await _standing(self._machines, name)
        if already_running(machine):
            raise Problem(409, "vm_already_running", "VM is already running", {"name": name})
        machine = await self._machines.patch(machine, commands.start(machine, timestamp()))
        resp.media = views.brief(machine, "starting")


class MachineStop:
    """Waits for the guest: a stop that is answered 200 has happened."""

    def __init__(self, machines: Machines, margin: float) -> None:
        self._machines = machines
        self._margin = margin

    @needs(Right.CHANGE)
    @operation(
        "Stop a machine",
        TAG,
        {
            200: Answer("The guest is off.", MachineBrief),
            202: Answer("It is still shutting down. Our extension.", MachineBrief),
        },
        description="Asks the guest to shut down (ACPI) and waits for it, for its grace period and a margin; then its "
        "shutdown policy decides. 409 where it is off.",
        parameters=(FORCE, WAIT),
        errors=(400, 404, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        force, seconds = flag(req, "force"), whole_number(req, "wait", 86_400)
        machine = await _standing(self._machines, name)
        if already_stopped(machine):
            raise Problem(409, "vm_already_stopped", "VM is already stopped", {"name": name})
        machine = await self._machines.patch(machine, commands.stop(machine, force, timestamp()))
        grace = 0 if force else machine.spec.shutdown.grace_period_seconds
        off, last = await self._machines.wait(
            name,
            lambda found: found is None or is_off(found),
            grace + self._margin if seconds is None else seconds,
        )
        if not off:
            resp.status = falcon.HTTP_202
        resp.media = views.brief(last or machine, "stopped" if off else "stopping")


class MachineRestart:
    def __init__(self, machines: Machines) -> None:
        self._machines = machines

    @needs(Right.CHANGE)
    @operation(
        "Restart a machine",
        TAG,
        {200: Answer("It restarts; a stopped machine starts.", MachineBrief)},
        errors=(404, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        machine = await _standing(self._machines, name)
        word = "restarting" if wants_running(machine.spec) and not already_stopped(machine) else "starting"
        machine = await self._machines.patch(machine, commands.restart(machine, timestamp()))
        resp.media = views.brief(machine, word)
