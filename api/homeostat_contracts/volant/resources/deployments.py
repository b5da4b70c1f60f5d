"""/api/v1/deployments, /api/v1/deployments/{name} and its spec."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import falcon
import falcon.asgi

from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.service.service import Service
from homeostat_api.http.actor import who
from homeostat_api.http.kinds.kind_index import Entry
from homeostat_api.http.kinds.lists import ListAnswer
from homeostat_api.http.media import MERGE_PATCH, read_model
from homeostat_api.http.operations import ETAG, LIST_HEADERS, Answer, operation
from homeostat_api.http.requests.parameters import IF_MATCH, IF_NONE_MATCH, LIMIT, OFFSET, choice, flag, whole_number
from homeostat_api.http.requests.preconditions import expected_version, set_etag
from homeostat_api.http.requests.spec_changes import DRY_RUN, NewSpec, answer_presumed
from homeostat_api.http.rights import Right, needs

from .. import deployment_views as views
from ..documents import new_deployment
from ..parameters import PLUGIN, VIEW, VIEWS, WAIT, WAIT_MAX
from ..words.deployments import (
    DeploymentBrief,
    DeploymentCreate,
    DeploymentDetail,
    DeploymentPatch,
    DeploymentScaled,
    DeploymentSummary,
)

TAG = "Deployments"


def _selection(req: falcon.asgi.Request) -> Callable[[Sequence[Entry]], Sequence[bytes]]:
    plugin = req.get_param("plugin")
    whole = choice(req, "view", VIEWS) == "resource"
    return lambda entries: [e.whole if whole else e.summary for e in entries if plugin is None or e.plugin == plugin]


class DeploymentList:
    def __init__(
        self,
        service: Service,
        answer: ListAnswer[VirtualMachineDeployment],
    ) -> None:
        self._service = service
        self._answer = answer

    @needs(Right.SEE)
    @operation(
        "List deployments",
        TAG,
        {
            200: Answer("The deployments, by name.", list[DeploymentSummary | VirtualMachineDeployment], headers=LIST_HEADERS),
            304: Answer("The list is the one that If-None-Match names."),
        },
        parameters=(PLUGIN, LIMIT, OFFSET, VIEW, IF_NONE_MATCH),
        errors=(400,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await self._answer(req, resp, _selection)

    @needs(Right.CHANGE)
    @operation(
        "Create a deployment",
        TAG,
        {
            201: Answer("It is written down; its machines follow.", DeploymentSummary, headers=ETAG),
            200: Answer("With dryRun: it could be created. Our extension.", NewSpec),
        },
        description="Keeps so many machines, called NAME-1, NAME-2 and so on. 404 where there is no such plugin, 409 where "
        "it is disabled, 400 where its machines run once (type batch).",
        parameters=(DRY_RUN,),
        body=DeploymentCreate,
        errors=(400, 404, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        desk = self._service.asked_by(who(req))
        dry, request = flag(req, "dryRun"), await read_model(req, DeploymentCreate)
        document = new_deployment(request)
        if request.replicas is not None:
            desk.admission.replicas(request.replicas)
        if request.made_from is not None:
            await desk.admission.plugin(request.made_from)
        deployment = await desk.deployments.create(document, dry)
        if dry:
            await answer_presumed(resp, desk.deployments, deployment)
            return
        resp.status = falcon.HTTP_201
        resp.location = f"/api/v1/deployments/{deployment.metadata.name}"
        # As it was written: the operator may have begun since.
        resp.media = views.summary(await desk.deployments.effective(deployment.model_copy(update={"status": None})))
        set_etag(resp, deployment)


class DeploymentItem:
    def __init__(self, service: Service, margin: float) -> None:
        self._service = service
        self._margin = margin

    @needs(Right.SEE)
    @operation(
        "Get a deployment",
        TAG,
        {200: Answer("The deployment.", DeploymentDetail | VirtualMachineDeployment, headers=ETAG)},
        parameters=(VIEW,),
        errors=(400, 404),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        deployments = self._service.asked_by(who(req)).deployments
        whole = choice(req, "view", VIEWS) == "resource"
        deployment = await deployments.get(name)
        resp.media = deployment.dump() if whole else views.detail(await deployments.effective(deployment))
        set_etag(resp, deployment)

    @needs(Right.CHANGE)
    @operation(
        "Scale a deployment",
        TAG,
        {200: Answer("It is written down; machines are made or go.", DeploymentScaled, headers=ETAG)},
        description="Holes are filled first; the highest indexes go first. Of concurrent requests the last one holds.",
        parameters=(IF_MATCH,),
        body=DeploymentPatch,
        body_types=("application/json", MERGE_PATCH),
        errors=(400, 404, 409, 412),
    )
    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        deployments = self._service.asked_by(who(req)).deployments
        before = await deployments.standing(name)
        version = expected_version(req, before)
        replicas = (await read_model(req, DeploymentPatch)).replicas
        deployment = await deployments.scale(before, replicas, version)
        resp.media = views.scaled(await deployments.effective(deployment))
        set_etag(resp, deployment)

    @needs(Right.CHANGE)
    @operation(
        "Delete a deployment and all its machines",
        TAG,
        {
            204: Answer("All are gone."),
            202: Answer("Guests are still shutting down. Our extension.", DeploymentBrief),
        },
        description="Shuts the guests down, and waits for them for their grace period and a margin.",
        parameters=(WAIT,),
        errors=(400, 404, 409),
    )
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        deployments = self._service.asked_by(who(req)).deployments
        seconds = whole_number(req, "wait", WAIT_MAX)
        deployment = await deployments.get(name)
        await deployments.delete(deployment)
        grace = deployment.spec.template.spec.shutdown.grace_period_seconds
        gone, _ = await deployments.wait_gone(deployment, grace + self._margin if seconds is None else seconds)
        if gone:
            resp.status = falcon.HTTP_204
            return
        resp.status = falcon.HTTP_202
        resp.media = {"name": name, "status": "deleting"}
