"""/api/v1/vms/{name}/spec."""

from __future__ import annotations

import falcon.asgi

from homeostat.models.machine import VirtualMachine, VirtualMachineSpec
from homeostat.service.collection import Patch, of_spec, to_spec
from homeostat.service.machines import Machines

from ..http.media import MERGE_PATCH, read_object
from ..http.operations import ETAG, Answer, operation
from ..http.parameters import IF_MATCH
from ..http.preconditions import expected_version, set_etag
from ..http.rights import Right, needs

TAG = "Virtual machines"


class MachineSpec:
    """Our extension: everything that YAML can say of a machine."""

    def __init__(self, machines: Machines) -> None:
        self._machines = machines

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
            return to_spec(machine.spec, wanted)

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

        async def change(found: VirtualMachine) -> Patch:
            return patch

        _, after = await self._machines.edit(name, version, change)
        self._answer(resp, after)

    def _answer(self, resp: falcon.asgi.Response, machine: VirtualMachine) -> None:
        resp.media = machine.spec.dump()
        set_etag(resp, machine)
