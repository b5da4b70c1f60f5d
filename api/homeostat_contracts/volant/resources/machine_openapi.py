"""/api/v1/vms/{name}/openapi."""

from __future__ import annotations

import falcon.asgi

from homeostat.service.service import Service
from homeostat_api.http.actor import who
from homeostat_api.http.errors import Problem
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.rights import Right, needs

from ..machine_views import plugin_of
from .machines import TAG


class MachineOpenApi:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.SEE)
    @operation(
        "Get the OpenAPI document of what a machine runs",
        TAG,
        {200: Answer("As its plugin has it.", {"type": "object", "additionalProperties": True})},
        description="404 also where its plugin has none.",
        errors=(404,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        desk = self._service.asked_by(who(req))
        used = plugin_of(await desk.machines.get(name))
        plugin = await desk.plugins.find(used) if used else None
        if plugin is None or plugin.spec.openapi is None:
            why = "the VM's plugin has no OpenAPI document" if plugin else "the VM has no plugin"
            raise Problem(404, "openapi_not_found", f"There is none: {why}", {"name": name, "plugin": used})
        resp.media = plugin.spec.openapi
