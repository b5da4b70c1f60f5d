"""/api/v1/vms/{name}/spec."""

from __future__ import annotations

import falcon.asgi

from homeostat.models.machine import VirtualMachineSpec
from homeostat.service.service import Service

from ..http.actor import who
from ..http.operations import ETAG, Answer, operation
from ..http.requests.parameters import IF_MATCH
from ..http.requests.preconditions import set_etag
from ..http.requests.spec_changes import DRY_RUN, PATCH_BODY, PATCH_TYPES, PATCH_WORDS, SpecChanged, answer_patch, answer_put
from ..http.rights import Right, needs

TAG = "Virtual machines"


class MachineSpecChanged(SpecChanged):
    spec: VirtualMachineSpec


class MachineSpec:
    """Our extension: everything that YAML can say of a machine."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.SEE)
    @operation(
        "Get a machine's spec",
        TAG,
        {200: Answer("As it stands in YAML; defaults are left out.", VirtualMachineSpec, headers=ETAG)},
        description="Our extension. GET /api/v1/vms/{name}?view=resource has the metadata and the status as well.",
        errors=(404,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        machines = self._service.asked_by(who(req)).machines
        machine = await machines.get(name)
        resp.media = machine.spec.dump()
        set_etag(resp, machine)

    @needs(Right.CHANGE)
    @operation(
        "Replace a machine's spec",
        TAG,
        {200: Answer("The spec after the change, and what that takes.", MachineSpecChanged, headers=ETAG)},
        description="Our extension. What the body does not say is removed, whoever set it; PATCH leaves that alone. "
        "Comments and the order of what stays are kept in the YAML file.",
        parameters=(IF_MATCH, DRY_RUN),
        body=VirtualMachineSpec,
        errors=(400, 404, 409, 412),
    )
    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        machines = self._service.asked_by(who(req)).machines
        await answer_put(req, resp, machines, name)

    @needs(Right.CHANGE)
    @operation(
        "Change a machine's spec",
        TAG,
        {200: Answer("The spec after the change, and what that takes.", MachineSpecChanged, headers=ETAG)},
        description=PATCH_WORDS + "What is to be none says so: nics: [], probes: {}, cloudInit: {enabled: false}.",
        parameters=(IF_MATCH, DRY_RUN),
        body=PATCH_BODY,
        body_types=PATCH_TYPES,
        errors=(400, 404, 409, 412),
    )
    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        machines = self._service.asked_by(who(req)).machines
        await answer_patch(req, resp, machines, name)
