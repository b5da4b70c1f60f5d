"""/api/v1/networks, one of them, and its spec."""

from __future__ import annotations

import falcon.asgi

from homeostat.models.network import Network, NetworkSpec
from homeostat.service.networks import Networks

from ..http.lists import ListAnswer
from ..http.media import read_model
from ..http.operations import ETAG, LIST_HEADERS, Answer, operation
from ..http.parameters import IF_MATCH, IF_NONE_MATCH, LIMIT, OFFSET
from ..http.preconditions import set_etag
from ..http.rights import Right, needs
from ..http.spec_changes import DRY_RUN, PATCH_BODY, PATCH_TYPES, PATCH_WORDS, answer_patch, answer_put
from ..http.whole import DRY, WAIT, Going, answer_creation, answer_deletion, answer_one, whole
from ..network_words import NetworkList, NetworkSpecChanged, NewNetwork

TAG = "Networks"


class NetworkCollection:
    def __init__(self, networks: Networks, answer: ListAnswer[Network]) -> None:
        self._networks = networks
        self._answer = answer

    @needs(Right.SEE)
    @operation(
        "List networks",
        TAG,
        {
            200: Answer("All of them, by name.", NetworkList, headers=LIST_HEADERS),
            304: Answer("The list is the one that If-None-Match names."),
        },
        parameters=(LIMIT, OFFSET, IF_NONE_MATCH),
        errors=(400,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await self._answer(req, resp, whole)

    @needs(Right.CHANGE)
    @operation(
        "Create a network",
        TAG,
        {201: Answer("It is written down; the operator brings it up.", Network, headers=ETAG), 200: DRY},
        parameters=(DRY_RUN,),
        body=NewNetwork,
        errors=(400, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked = await read_model(req, NewNetwork)
        await answer_creation(req, resp, self._networks, asked.name, asked.spec)


class NetworkItem:
    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    @needs(Right.SEE)
    @operation("Get a network", TAG, {200: Answer("What it is, and on which hosts.", Network, headers=ETAG)}, errors=(404,))
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        answer_one(resp, await self._networks.get(name))

    @needs(Right.CHANGE)
    @operation(
        "Delete a network",
        TAG,
        {204: Answer("It is gone."), 202: Answer("It goes once no guest is plugged in.", Going)},
        description="409 while machines, deployments or plugins name it: details.used_by says which. An adopted network stays "
        "on its hosts.",
        parameters=(WAIT,),
        errors=(400, 404, 409),
    )
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        await answer_deletion(req, resp, self._networks, name)


class NetworkSpecRoute:
    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    @needs(Right.SEE)
    @operation(
        "Get a network's spec",
        TAG,
        {200: Answer("As it stands in YAML; defaults are left out.", NetworkSpec, headers=ETAG)},
        errors=(404,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        network = await self._networks.get(name)
        resp.media = network.spec.dump()
        set_etag(resp, network)

    @needs(Right.CHANGE)
    @operation(
        "Replace a network's spec",
        TAG,
        {200: Answer("The spec after the change, and what that takes.", NetworkSpecChanged, headers=ETAG)},
        description="What the body does not say is removed, whoever set it; PATCH leaves that alone.",
        parameters=(IF_MATCH, DRY_RUN),
        body=NetworkSpec,
        errors=(400, 404, 409, 412),
    )
    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        await answer_put(req, resp, self._networks, name)

    @needs(Right.CHANGE)
    @operation(
        "Change a network's spec",
        TAG,
        {200: Answer("The spec after the change, and what that takes.", NetworkSpecChanged, headers=ETAG)},
        description=PATCH_WORDS,
        parameters=(IF_MATCH, DRY_RUN),
        body=PATCH_BODY,
        body_types=PATCH_TYPES,
        errors=(400, 404, 409, 412),
    )
    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        await answer_patch(req, resp, self._networks, name)
