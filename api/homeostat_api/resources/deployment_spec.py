"""/api/v1/deployments/{name}/spec."""

from __future__ import annotations

import falcon.asgi

from homeostat.models.deployment import VirtualMachineDeploymentSpec
from homeostat.service.service import Service

from ..http.actor import who
from ..http.operations import ETAG, Answer, operation
from ..http.requests.parameters import IF_MATCH
from ..http.requests.preconditions import set_etag
from ..http.requests.spec_changes import DRY_RUN, PATCH_BODY, PATCH_TYPES, PATCH_WORDS, SpecChanged, answer_patch, answer_put
from ..http.rights import Right, needs

TAG = "Deployments"


class DeploymentSpecChanged(SpecChanged):
    spec: VirtualMachineDeploymentSpec


class DeploymentSpec:
    """Our extension: everything that YAML can say of a deployment."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.SEE)
    @operation(
        "Get a deployment's spec",
        TAG,
        {200: Answer("As it stands in YAML; defaults are left out.", VirtualMachineDeploymentSpec, headers=ETAG)},
        description="Our extension.",
        errors=(404,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        deployments = self._service.asked_by(who(req)).deployments
        deployment = await deployments.get(name)
        resp.media = deployment.spec.dump()
        set_etag(resp, deployment)

    @needs(Right.CHANGE)
    @operation(
        "Replace a deployment's spec",
        TAG,
        {200: Answer("The spec after the change, and what that takes.", DeploymentSpecChanged, headers=ETAG)},
        description="Our extension. What the body does not say is removed, whoever set it; PATCH leaves that alone.",
        parameters=(IF_MATCH, DRY_RUN),
        body=VirtualMachineDeploymentSpec,
        errors=(400, 404, 409, 412),
    )
    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        deployments = self._service.asked_by(who(req)).deployments
        await answer_put(req, resp, deployments, name)

    @needs(Right.CHANGE)
    @operation(
        "Change a deployment's spec",
        TAG,
        {200: Answer("The spec after the change, and what that takes.", DeploymentSpecChanged, headers=ETAG)},
        description=PATCH_WORDS + "A new template is rolled out; paused, rollbackTo and restartedAt govern the rollout.",
        parameters=(IF_MATCH, DRY_RUN),
        body=PATCH_BODY,
        body_types=PATCH_TYPES,
        errors=(400, 404, 409, 412),
    )
    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        deployments = self._service.asked_by(who(req)).deployments
        await answer_patch(req, resp, deployments, name)
