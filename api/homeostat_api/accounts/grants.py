"""/api/v1/grants: what accounts may do beyond what they own."""

from __future__ import annotations

import falcon
import falcon.asgi

from ..http.media import read_model
from ..http.operations import Answer, operation
from ..http.rights import Door, Right, needs
from .counter import Counter
from .lookup import AccountsLookup
from .session import ACCOUNT
from .words import GrantAll, GrantBody, NewGrant, grant_body, grant_of

TAG = "Grants"


class GrantCollection:
    def __init__(self, lookup: AccountsLookup) -> None:
        self._counter = Counter(lookup)

    @needs(Door.KNOWN)
    @operation(
        "List grants",
        TAG,
        {200: Answer("Everybody's first.", GrantAll)},
        description="Those that count for whoever asks; a moderator's list has all.",
        parameters=(ACCOUNT,),
        errors=(400, 404, 409),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        account = req.get_param("account")
        found = await self._counter.do(req, lambda accounts: accounts.grants(account))
        resp.media = {"grants": [grant_body(given) for given in found]}

    @needs(Right.ADMINISTER)
    @operation(
        "Give a grant",
        TAG,
        {201: Answer("The grant.", GrantBody)},
        description="To one resource, to all of a kind, or to all there is in a namespace. The same given again is one grant.",
        body=NewGrant,
        errors=(400, 404, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked = await read_model(req, NewGrant)
        given = await self._counter.do(req, lambda accounts: accounts.give(asked.account, grant_of(asked)))
        resp.status, resp.media = falcon.HTTP_201, grant_body(given)


class GrantItem:
    def __init__(self, lookup: AccountsLookup) -> None:
        self._counter = Counter(lookup)

    @needs(Right.ADMINISTER)
    @operation("Take a grant back", TAG, {204: Answer("It counts no more.")}, errors=(404, 409))
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, grant: str) -> None:
        await self._counter.do(req, lambda accounts: accounts.take(grant))
        resp.status = falcon.HTTP_204
