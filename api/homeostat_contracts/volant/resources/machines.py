"""/api/v1/vms and /api/v1/vms/{name}."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import falcon
import falcon.asgi

from homeostat.models.machine import VirtualMachine
from homeostat.service.service import Service
from homeostat_api.http.actor import who
from homeostat_api.http.kinds.kind_index import Entry
from homeostat_api.http.kinds.lists import ListAnswer
from homeostat_api.http.media import read_model
from homeostat_api.http.operations import ETAG, LIST_HEADERS, Answer, Parameter, operation
from homeostat_api.http.requests.parameters import IF_NONE_MATCH, LIMIT, OFFSET, choice, flag, whole_number
from homeostat_api.http.requests.preconditions import set_etag
from homeostat_api.http.requests.spec_changes import DRY_RUN, NewSpec, answer_presumed
from homeostat_api.http.rights import Right, needs

from .. import machine_views as views
from ..documents import new_machine
from ..parameters import FORCE, PLUGIN, VIEW, VIEWS, WAIT, WAIT_MAX
from ..status_words import STATUS_WORDS
from ..words.machines import MachineBrief, MachineCreate, MachineDetail, MachineSummary

TAG = "Virtual machines"
STATUS = Parameter("status", {"type": "string", "enum": list(STATUS_WORDS)}, "Only machines of this status.")


def _selection(req: falcon.asgi.Request) -> Callable[[Sequence[Entry]], Sequence[bytes]]:
    """Returns a selection of the rendered machines that a request asks for.

    Raises:
        Problem: 400, there is no such status or view.
    """
    plugin = req.get_param("plugin")  # also an unknown one: then the list is empty
    status = choice(req, "status", STATUS_WORDS)
    whole = choice(req, "view", VIEWS) == "resource"

    def wanted(entry: Entry) -> bool:
        return (plugin is None or entry.plugin == plugin) and (status is None or entry.status == status)

    return lambda entries: [entry.whole if whole else entry.summary for entry in entries if wanted(entry)]


class MachineList:
    def __init__(self, service: Service, answer: ListAnswer[VirtualMachine]) -> None:
        self._service = service
        self._answer = answer

    @needs(Right.SEE)
    @operation(
        "List machines",
        TAG,
        {
            200: Answer("The machines, by name.", list[MachineSummary | VirtualMachine], headers=LIST_HEADERS),
            304: Answer("The list is the one that If-None-Match names."),
        },
        parameters=(PLUGIN, STATUS, LIMIT, OFFSET, VIEW, IF_NONE_MATCH),
        errors=(400,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await self._answer(req, resp, _selection)

    @needs(Right.CHANGE)
    @operation(
        "Create and start a machine",
        TAG,
        {
            201: Answer("It is written down, and starts.", MachineSummary, headers=ETAG),
            200: Answer("With dryRun: it could be created. Our extension.", NewSpec),
        },
        description="From a plugin (404 where there is none, 409 where it is disabled), or, as our extension, from a native "
        "spec. Without either the machine has its defaults: no disk, and nothing to boot. What config leaves out comes from "
        "the plugin.",
        parameters=(DRY_RUN,),
        body=MachineCreate,
        errors=(400, 404, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        desk = self._service.asked_by(who(req))
        dry, request = flag(req, "dryRun"), await read_model(req, MachineCreate)
        if request.made_from is not None:
            await desk.admission.plugin(request.made_from)
        machine = await desk.machines.create(new_machine(request), dry)
        if dry:
            await answer_presumed(resp, desk.machines, machine)
            return
        resp.status = falcon.HTTP_201
        resp.location = f"/api/v1/vms/{machine.metadata.name}"
        resp.media = views.summary(await desk.machines.effective(machine))
        set_etag(resp, machine)


class MachineItem:
    def __init__(self, service: Service, margin: float) -> None:
        self._service = service
        self._margin = margin

    @needs(Right.SEE)
    @operation(
        "Get a machine",
        TAG,
        {200: Answer("The machine.", MachineDetail | VirtualMachine, headers=ETAG)},
        parameters=(VIEW,),
        errors=(400, 404),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        machines = self._service.asked_by(who(req)).machines
        whole = choice(req, "view", VIEWS) == "resource"
        machine = await machines.get(name)
        resp.media = views.resource(machine) if whole else views.detail(await machines.effective(machine))
        set_etag(resp, machine)

    @needs(Right.CHANGE)
    @operation(
        "Stop and delete a machine",
        TAG,
        {
            204: Answer("It is gone, and its name can be used again."),
            202: Answer("It is still shutting down, and goes when it is off. Our extension.", MachineBrief),
        },
        description="Shuts the guest down first, and waits for it as stop does. A deployment's machine is made anew.",
        parameters=(FORCE, WAIT),
        errors=(400, 404, 409),
    )
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        machines = self._service.asked_by(who(req)).machines
        force, seconds = flag(req, "force"), whole_number(req, "wait", WAIT_MAX)
        machine = await machines.get(name)
        await machines.delete(machine, force)
        grace = 0 if force else machine.spec.shutdown.grace_period_seconds
        gone, left = await machines.wait_gone(machine, grace + self._margin if seconds is None else seconds)
        if gone:
            resp.status = falcon.HTTP_204
            return
        resp.status = falcon.HTTP_202
        resp.media = views.brief(left or machine, "stopping")
