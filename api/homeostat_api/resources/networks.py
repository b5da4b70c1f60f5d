"""/api/v1/networks, one of them, and its spec."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import falcon
import falcon.asgi

from homeostat.models.base import API_VERSION
from homeostat.models.network import Network, NetworkSpec
from homeostat.service.networks import Networks

from ..http.kind_index import Entry
from ..http.lists import ListAnswer
from ..http.media import read_model
from ..http.operations import ETAG, LIST_HEADERS, Answer, Parameter, operation
from ..http.parameters import IF_MATCH, IF_NONE_MATCH, LIMIT, OFFSET, whole_number
from ..http.preconditions import set_etag
from ..http.rights import Right, needs
from ..http.spec_changes import DRY_RUN, PATCH_BODY, PATCH_TYPES, PATCH_WORDS, answer_patch, answer_put
from ..network_words import NetworkGoing, NetworkList, NetworkSpecChanged, NewNetwork

TAG = "Networks"
WAIT_MAX = 600
WAIT = Parameter("wait", {"type": "integer", "minimum": 0, "maximum": WAIT_MAX}, "Seconds to wait until it is gone. Default: 0.")


def _all(req: falcon.asgi.Request) -> Callable[[Sequence[Entry]], Sequence[bytes]]:
    return lambda entries: [entry.whole for entry in entries]


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
        await self._answer(req, resp, _all)

    @needs(Right.CHANGE)
    @operation(
        "Create a network",
        TAG,
        {201: Answer("It is written down; the operator brings it up.", Network, headers=ETAG)},
        body=NewNetwork,
        errors=(400, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked = await read_model(req, NewNetwork)
        document = {"apiVersion": API_VERSION, "kind": Network.KIND, "metadata": {"name": asked.name}, "spec": asked.spec.dump()}
        made = await self._networks.create(document)
        resp.status = falcon.HTTP_201
        resp.location = f"/api/v1/networks/{made.metadata.name}"
        resp.media = made.dump()
        set_etag(resp, made)


class NetworkItem:
    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    @needs(Right.SEE)
    @operation("Get a network", TAG, {200: Answer("What it is, and on which hosts.", Network, headers=ETAG)}, errors=(404,))
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        found = await self._networks.get(name)
        resp.media = found.dump()
        set_etag(resp, found)

    @needs(Right.CHANGE)
    @operation(
        "Delete a network",
        TAG,
        {204: Answer("It is gone."), 202: Answer("It goes once no guest is plugged in.", NetworkGoing)},
        description="409 while machines, deployments or plugins name it: details.used_by says which. An adopted network stays "
        "on its hosts.",
        parameters=(WAIT,),
        errors=(400, 404, 409),
    )
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        seconds = whole_number(req, "wait", WAIT_MAX) or 0
        found = await self._networks.get(name)
        await self._networks.delete(found)
        gone, _ = await self._networks.wait_gone(found, seconds)
        if gone:
            resp.status = falcon.HTTP_204
            return
        resp.status = falcon.HTTP_202
        resp.media = {"name": name, "status": "deleting"}


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
