"""/api/v1/vms/{name}/spec and /openapi."""

from __future__ import annotations

import falcon.asgi

from homeostat.models.machine import VirtualMachine, VirtualMachineSpec
from homeostat.service.admission import Admission
from homeostat.service.collection import Patch
from homeostat.service.machines import Machines
from homeostat.service.plugins import Plugins
from homeostat_contracts.volant.documents import merge_difference, of_spec
from homeostat_contracts.volant.machine_views import plugin_of
from homeostat_contracts.volant.resources.machines import TAG

from ..http.errors import Problem
from ..http.media import MERGE_PATCH, read_object
from ..http.operations import ETAG, Answer, operation
from ..http.parameters import IF_MATCH
from ..http.preconditions import expected_version, set_etag
from ..http.rights import Right, needs


class MachineSpec:
    """Our extension: everything that YAML can say of a machine."""

    def __init__(self, machines: Machines, admission: Admission) -> None:
        self._machines = machines
        self._admission = admission

    @needs(Right.SEE)
    @operation(
        "Get a machine's spec",
        TAG,
        {200: Answer("As it stands in YAML; defaults are left out.", VirtualMachineSpec, headers=ETAG)},
        description="Our extension. GET /api/v1/vms/{name}?view=resource has the metadata and the status as well.",
        errors=(404,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        self._answer(resp, await self._machines.get(name))

    @needs(Right.CHANGE)
    @operation(
        "Replace a machine's spec",
        TAG,
        {200: Answer("The spec after the change.", VirtualMachineSpec, headers=ETAG)},
        description="Our extension. What the body does not say is removed, whoever set it; PATCH leaves that alone. "
        "Comments and the order of what stays are kept in the YAML file.",
        parameters=(IF_MATCH,),
        body=VirtualMachineSpec,
        errors=(400, 404, 409, 412),
    )
    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        version = expected_version(req, await self._machines.get(name))
        wanted = await read_object(req)

        async def change(machine: VirtualMachine) -> Patch:
            return await self._admission.change(machine, of_spec(merge_difference(machine.spec.dump(), wanted)))

        _, after = await self._machines.edit(name, version, change)
        self._answer(resp, after)

    @needs(Right.CHANGE)
    @operation(
        "Change a machine's spec",
        TAG,
        {200: Answer("The spec after the change.", VirtualMachineSpec, headers=ETAG)},
        description="Our extension: a JSON merge patch (RFC 7396) of the spec; null removes a field, lists are replaced whole. "
        "What is to be none says so: nics: [], probes: {}, cloudInit: {enabled: false}.",
        parameters=(IF_MATCH,),
        body={"type": "object", "additionalProperties": True},
        body_types=(MERGE_PATCH, "application/json"),
        errors=(400, 404, 409, 412),
    )
    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        version = expected_version(req, await self._machines.get(name))
        patch = of_spec(await read_object(req))
        _, after = await self._machines.edit(name, version, lambda machine: self._admission.change(machine, patch))
        self._answer(resp, after)

    def _answer(self, resp: falcon.asgi.Response, machine: VirtualMachine) -> None:
        resp.media = machine.spec.dump()
        set_etag(resp, machine)


class MachineOpenApi:
    def __init__(self, machines: Machines, plugins: Plugins) -> None:
        self._machines = machines
        self._plugins = plugins

    @needs(Right.SEE)
    @operation(
        "Get the OpenAPI document of what a machine runs",
        TAG,
        {200: Answer("As its plugin has it.", {"type": "object", "additionalProperties": True})},
        description="404 also where its plugin has none.",
        errors=(404,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        used = plugin_of(await self._machines.get(name))
        plugin = await self._plugins.find(used) if used else None
        if plugin is None or plugin.spec.openapi is None:
            why = "the VM's plugin has no OpenAPI document" if plugin else "the VM has no plugin"
            raise Problem(404, "openapi_not_found", f"There is none: {why}", {"name": name, "plugin": used})
        resp.media = plugin.spec.openapi
