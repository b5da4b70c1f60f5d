"""/api/v1/vms/{name}/start, stop and restart."""

from __future__ import annotations

import falcon
import falcon.asgi

from homeostat.service.service import Service
from homeostat_api.http.actor import who
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.requests.parameters import flag, whole_number
from homeostat_api.http.rights import Right, needs

from .. import machine_views as views
from ..parameters import FORCE, WAIT, WAIT_MAX
from ..words.machines import MachineBrief
from .machines import TAG


class MachineStart:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.CHANGE)
    @operation(
        "Start a stopped machine",
        TAG,
        {200: Answer("It starts.", MachineBrief)},
        description="409 where it runs or is on its way.",
        errors=(404, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        machines = self._service.asked_by(who(req)).machines
        resp.media = views.brief(await machines.start(name), "starting")


class MachineStop:
    """Waits for the guest: a stop that is answered 200 has happened."""

    def __init__(self, service: Service, margin: float) -> None:
        self._service = service
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
        machines = self._service.asked_by(who(req)).machines
        force, seconds = flag(req, "force"), whole_number(req, "wait", WAIT_MAX)
        machine = await machines.stop(name, force)
        grace = 0 if force else machine.spec.shutdown.grace_period_seconds
        off, last = await machines.wait_off(name, grace + self._margin if seconds is None else seconds)
        if not off:
            resp.status = falcon.HTTP_202
        resp.media = views.brief(last or machine, "stopped" if off else "stopping")


class MachineRestart:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.CHANGE)
    @operation(
        "Restart a machine",
        TAG,
        {200: Answer("It restarts; a stopped machine starts.", MachineBrief)},
        errors=(404, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        machines = self._service.asked_by(who(req)).machines
        machine, was_on = await machines.restart(name)
        resp.media = views.brief(machine, "restarting" if was_on else "starting")
