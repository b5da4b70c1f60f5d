"""/api/v1/tokens: tokens for programs."""

from __future__ import annotations

from datetime import timedelta

import falcon
import falcon.asgi

from ..http.media import read_model
from ..http.operations import Answer, operation
from ..http.rights import Door, needs
from .counter import Counter
from .lookup import AccountsLookup
from .session import ACCOUNT
from .words import MadeToken, NewToken, TokenAll, token_body

TAG = "Tokens"


class TokenCollection:
    def __init__(self, lookup: AccountsLookup) -> None:
        self._counter = Counter(lookup)

    @needs(Door.KNOWN)
    @operation(
        "List tokens",
        TAG,
        {200: Answer("By account and name.", TokenAll)},
        description="One's own; a moderator's list has all. What lets somebody in is in none of them.",
        parameters=(ACCOUNT,),
        errors=(400, 404, 409),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        account = req.get_param("account")
        found = await self._counter.do(req, lambda accounts: accounts.tokens(account))
        resp.media = {"tokens": [token_body(token) for token in found]}

    @needs(Door.KNOWN)
    @operation(
        "Make a token",
        TAG,
        {201: Answer("The token, and what lets somebody in.", MadeToken)},
        description="It may do what its scopes say, as far as its account may. Whoever makes his own has signed in.",
        body=NewToken,
        errors=(400, 404, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked = await read_model(req, NewToken)
        lifetime = None if asked.lifetime is None else timedelta(seconds=asked.lifetime)
        made, text = await self._counter.do(
            req, lambda accounts: accounts.create_token(asked.account, asked.name, asked.scopes, lifetime)
        )
        resp.set_header("Cache-Control", "no-store")
        resp.status, resp.media = falcon.HTTP_201, {**token_body(made), "token": text}


class TokenItem:
    def __init__(self, lookup: AccountsLookup) -> None:
        self._counter = Counter(lookup)

    @needs(Door.KNOWN)
    @operation(
        "Revoke a token",
        TAG,
        {204: Answer("It lets nobody in any more.")},
        errors=(400, 403, 404, 409),
    )
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, user: str, token: str) -> None:
        await self._counter.do(req, lambda accounts: accounts.revoke_token(user, token))
        resp.status = falcon.HTTP_204
