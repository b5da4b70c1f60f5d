"""/api/v1/vms/{name}/config and its history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import falcon
import falcon.asgi

from homeostat.models.machine import VirtualMachine
from homeostat.models.machine_hardware import Resources
from homeostat.runtime.engine.ports import SpecRevision
from homeostat.service.kinds.collection import Patch, of_spec
from homeostat.service.kinds.machines import Machines
from homeostat.service.service import Service
from homeostat_api.http.actor import who
from homeostat_api.http.kinds.lists import page_of
from homeostat_api.http.media import MERGE_PATCH, read_model
from homeostat_api.http.operations import ETAG, Answer, operation
from homeostat_api.http.requests.parameters import IF_MATCH, LIMIT, OFFSET
from homeostat_api.http.requests.preconditions import expected_version, set_etag
from homeostat_api.http.rights import Right, needs

from .. import machine_views as views
from ..documents import config_patch
from ..words.config import ConfigBody, ConfigChanged, ConfigPatch, HistoryEntry
from .machines import TAG


class MachineConfig:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.SEE)
    @operation("Get a machine's configuration", TAG, {200: Answer("It.", ConfigBody, headers=ETAG)}, errors=(404,))
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        machines = self._service.asked_by(who(req)).machines
        machine = await machines.get(name)
        resp.media = await _shown(machines, machine)
        set_etag(resp, machine)

    @needs(Right.CHANGE)
    @operation(
        "Change a machine's configuration",
        TAG,
        {200: Answer("The whole configuration after the change.", ConfigChanged, headers=ETAG)},
        description="What is left out stays. The running guest gets it when its machine is started next, which a reboot inside "
        "the guest is not. A deployment's machine keeps it until its deployment's template changes.",
        parameters=(IF_MATCH,),
        body=ConfigPatch,
        body_types=("application/json", MERGE_PATCH),
        errors=(400, 404, 409, 412),
    )
    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        machines = self._service.asked_by(who(req)).machines
        version = expected_version(req, await machines.get(name))
        asked = await read_model(req, ConfigPatch)

        async def change(machine: VirtualMachine) -> Patch:
            return of_spec(config_patch(asked, await machines.effective(machine)))

        before, after = await machines.edit(name, version, change)
        changed = after.metadata.generation != before.metadata.generation
        resp.media = {**await _shown(machines, after), "restart_required": changed}
        set_etag(resp, after)


async def _shown(machines: Machines, machine: VirtualMachine) -> dict[str, Any]:
    effective, revisions, given = await _history_of(machines, machine)
    return {**views.config(effective), **views.version(effective, revisions, given)}


async def _history_of(machines: Machines, machine: VirtualMachine) -> tuple[VirtualMachine, Sequence[SpecRevision], Resources]:
    """Reads what a view of its configuration needs: the effective machine, its revisions, and what holds where its spec says
    nothing."""
    return await machines.effective(machine), await machines.revisions(machine), await machines.given(machine)


class MachineHistory:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.SEE)
    @operation(
        "List the changes of a machine's configuration",
        TAG,
        {200: Answer("Newest first; the last one is the creation.", list[HistoryEntry])},
        description="Starting and stopping are not configuration, and are left out.",
        parameters=(LIMIT, OFFSET),
        errors=(400, 404),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        machines = self._service.asked_by(who(req)).machines
        page = page_of(req)
        machine = await machines.get(name)
        entries = views.histories(*await _history_of(machines, machine))
        resp.set_header("X-Total-Count", str(len(entries)))
        resp.media = list(page.of(entries))
