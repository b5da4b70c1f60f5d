"""/api/v1/users: the accounts."""

from __future__ import annotations

import falcon
import falcon.asgi

from homeostat.accounts.accounts import Account
from homeostat.accounts.administration import Administration

from ..http.errors import invalid
from ..http.media import read_model
from ..http.operations import Answer, operation
from ..http.rights import Door, Right, needs
from .counter import Counter
from .lookup import AccountsLookup
from .words import AccountAll, AccountBody, AccountChange, NewAccount, NewPassword, account_body

TAG = "Users"


class UserCollection:
    def __init__(self, lookup: AccountsLookup) -> None:
        self._counter = Counter(lookup)

    @needs(Door.KNOWN)
    @operation(
        "List accounts",
        TAG,
        {200: Answer("By name.", AccountAll)},
        description="A user's list has his own; a moderator's has all.",
        errors=(409,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        found = await self._counter.do(req, lambda accounts: accounts.accounts())
        resp.media = {"users": [account_body(account) for account in found]}

    @needs(Right.ADMINISTER)
    @operation(
        "Make an account",
        TAG,
        {201: Answer("The account.", AccountBody)},
        description="The first one is made on the host of the server, by `homeostat user add`.",
        body=NewAccount,
        errors=(400, 409, 429),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked = await read_model(req, NewAccount)
        made = await self._counter.hash(req, lambda accounts: accounts.add(asked.name, asked.role, asked.password))
        resp.status, resp.media = falcon.HTTP_201, account_body(made)


class UserItem:
    def __init__(self, lookup: AccountsLookup) -> None:
        self._counter = Counter(lookup)

    @needs(Door.KNOWN)
    @operation("Get an account", TAG, {200: Answer("The account.", AccountBody)}, errors=(400, 404, 409))
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, user: str) -> None:
        resp.media = account_body(await self._counter.do(req, lambda accounts: accounts.account(user)))

    @needs(Right.MODERATE)
    @operation(
        "Change an account",
        TAG,
        {200: Answer("The account.", AccountBody)},
        description="A ban ends its sessions within a second. A moderator bans users; the rest is an administrator's.",
        body=AccountChange,
        errors=(400, 404, 409),
    )
    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, user: str) -> None:
        asked = await read_model(req, AccountChange)
        if (asked.role is None) is (asked.banned is None):
            raise invalid("give role, or banned: one of them at a time")

        def change(accounts: Administration) -> Account:
            if asked.role is not None:
                return accounts.set_role(user, asked.role)
            return accounts.ban(user, bool(asked.banned), asked.reason)

        resp.media = account_body(await self._counter.do(req, change))

    @needs(Right.ADMINISTER)
    @operation(
        "Delete an account",
        TAG,
        {204: Answer("It is gone, with its sessions, tokens and grants.")},
        description="What it owned stays, and names it. Its name is given to nobody again.",
        errors=(400, 404, 409),
    )
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, user: str) -> None:
        await self._counter.do(req, lambda accounts: accounts.delete(user))
        resp.status = falcon.HTTP_204


class UserPassword:
    def __init__(self, lookup: AccountsLookup) -> None:
        self._counter = Counter(lookup)

    @needs(Door.KNOWN)
    @operation(
        "Set a password",
        TAG,
        {204: Answer("It is set. The account's other sessions have ended.")},
        description="One's own, by whoever has signed in and knows the present one; an administrator sets any.",
        body=NewPassword,
        errors=(400, 404, 409, 429),
    )
    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, user: str) -> None:
        asked = await read_model(req, NewPassword)
        await self._counter.hash(req, lambda accounts: accounts.set_password(user, asked.password, asked.current))
        resp.status = falcon.HTTP_204
