"""/api/v1/vms/{name}/config, its history, and the native spec."""

from __future__ import annotations

from typing import Any

import falcon
import falcon.asgi

from homeostat.models.machine import VirtualMachine, VirtualMachineSpec

from .. import views
from ..documents import config_patch, merge_difference
from ..lists import page_of
from ..machines import Machines
from ..media import MERGE_PATCH, read_model, read_object
from ..operations import ETAG, Answer, operation
from ..parameters import IF_MATCH, LIMIT, OFFSET
from ..preconditions import expected_version, set_etag
from ..words import ConfigBody, ConfigChanged, ConfigPatch, HistoryEntry
from .machines import TAG


def _of_spec(patch: dict[str, Any]) -> dict[str, Any]:
    return {"spec": patch} if patch else {}


class MachineConfig:
    def __init__(self, machines: Machines) -> None:
        self._machines = machines

    @operation("Get a machine's configuration", TAG, {200: Answer("It.", ConfigBody, headers=ETAG)}, errors=(404,))
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        machine = await self._machines.get(name)
        resp.media = views.config(machine)
        set_etag(resp, machine)

    @operation(
        "Change a machine's configuration",
        TAG,
        {200: Answer("The whole configuration after the change.", ConfigChanged, headers=ETAG)},
        description="What is left out stays. The running guest gets it at its next restart.",
        parameters=(IF_MATCH,),
        body=ConfigPatch,
        body_types=("application/json", MERGE_PATCH),
        errors=(400, 404, 409, 412),
    )
    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        version = expected_version(req, await self._machines.get(name))
        asked = await read_model(req, ConfigPatch)
        before, after = await self._machines.edit(name, version, lambda machine: _of_spec(config_patch(asked, machine)))
        changed = after.metadata.generation != before.metadata.generation
        resp.media = {**views.config(after), "restart_required": changed}
        set_etag(resp, after)


class MachineHistory:
    def __init__(self, machines: Machines) -> None:
        self._machines = machines

    @operation(
        "List the changes of a machine's configuration",
        TAG,
        {200: Answer("Newest first; the last one is the creation.", list[HistoryEntry])},
        description="Starting and stopping are not configuration, and are left out.",
        parameters=(LIMIT, OFFSET),
        errors=(400, 404),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        page = page_of(req)
        machine = await self._machines.get(name)
        entries = [entry for r in await self._machines.revisions(machine) if (entry := views.history(r))]
        resp.set_header("X-Total-Count", str(len(entries)))
        resp.media = list(page.of(entries))


class MachineSpec:
    """Our extension: everything that YAML can say of a machine."""

    def __init__(self, machines: Machines) -> None:
        self._machines = machines

    @operation(
        "Get a machine's spec",
        TAG,
        {200: Answer("As it stands in YAML; defaults are left out.", VirtualMachineSpec, headers=ETAG)},
        description="Our extension. GET /api/v1/vms/{name}?view=resource has the metadata and the status as well.",
        errors=(404,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        self._answer(resp, await self._machines.get(name))

    @operation(
        "Replace a machine's spec",
        TAG,
        {200: Answer("The spec after the change.", VirtualMachineSpec, headers=ETAG)},
        description="Our extension. Comments and the order of what stays are kept in the YAML file.",
        parameters=(IF_MATCH,),
        body=VirtualMachineSpec,
        errors=(400, 404, 409, 412),
    )
    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        version = expected_version(req, await self._machines.get(name))
        wanted = await read_object(req)
        _, after = await self._machines.edit(
            name, version, lambda machine: _of_spec(merge_difference(machine.spec.dump(), wanted))
        )
        self._answer(resp, after)

    @operation(
        "Change a machine's spec",
        TAG,
        {200: Answer("The spec after the change.", VirtualMachineSpec, headers=ETAG)},
        description="Our extension: a JSON merge patch (RFC 7396) of the spec; null removes a field, lists are "
        "replaced whole.",
        parameters=(IF_MATCH,),
        body={"type": "object", "additionalProperties": True},
        body_types=(MERGE_PATCH, "application/json"),
        errors=(400, 404, 409, 412),
    )
    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        machine = await self._machines.get(name)
        patch = await read_object(req)
        self._answer(resp, await self._machines.patch(machine, _of_spec(patch), expected_version(req, machine)))

    def _answer(self, resp: falcon.asgi.Response, machine: VirtualMachine) -> None:
        resp.media = machine.spec.dump()
        set_etag(resp, machine)
