"""/api/v1/deployments/{name}/spec."""

from __future__ import annotations

import falcon.asgi

from homeostat.models.deployment import VirtualMachineDeployment, VirtualMachineDeploymentSpec
from homeostat.service.collection import Patch, of_spec
from homeostat.service.deployments import Deployments

from ..http.media import MERGE_PATCH, read_object
from ..http.operations import ETAG, Answer, operation
from ..http.parameters import IF_MATCH
from ..http.preconditions import expected_version, set_etag
from ..http.rights import Right, needs

TAG = "Deployments"


class DeploymentSpec:
    """Our extension: everything that YAML can say of a deployment."""

    def __init__(self, deployments: Deployments) -> None:
        self._deployments = deployments

    @needs(Right.SEE)
    @operation(
        "Get a deployment's spec",
        TAG,
        {200: Answer("As it stands in YAML; defaults are left out.", VirtualMachineDeploymentSpec, headers=ETAG)},
        description="Our extension.",
        errors=(404,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        self._answer(resp, await self._deployments.get(name))

    @needs(Right.CHANGE)
    @operation(
        "Change a deployment's spec",
        TAG,
        {200: Answer("The spec after the change.", VirtualMachineDeploymentSpec, headers=ETAG)},
        description="Our extension: a JSON merge patch (RFC 7396) of the spec. A new template is rolled out; paused, "
        "rollbackTo and restartedAt govern the rollout.",
        parameters=(IF_MATCH,),
        body={"type": "object", "additionalProperties": True},
        body_types=(MERGE_PATCH, "application/json"),
        errors=(400, 404, 409, 412),
    )
    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        version = expected_version(req, await self._deployments.get(name))
        patch = of_spec(await read_object(req))

        async def change(found: VirtualMachineDeployment) -> Patch:
            return patch

        _, after = await self._deployments.edit(name, version, change)
        self._answer(resp, after)

    def _answer(self, resp: falcon.asgi.Response, deployment: VirtualMachineDeployment) -> None:
        resp.media = deployment.spec.dump()
        set_etag(resp, deployment)
