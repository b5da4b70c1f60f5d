"""/admin/users: who has an account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import falcon
import falcon.asgi

from homeostat.accounts.accounts import Account
from homeostat.accounts.administration import Administration
from homeostat.accounts.rights import Role
from homeostat_api.http.media import read_model
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.rights import Right, needs

from ..people import People, entry, named, password_hash
from ..words.accounts import BanWith, GivenPassword, GivenType, UserEntry, UserToMake
from ..words.server import Done

TAG = "Users"
REFUSED = (400, 401, 403, 404, 409)
CHANGED = {200: Answer("The user.", UserEntry)}


class UserList:
    def __init__(self, people: People) -> None:
        self._people = people

    @needs(Right.ADMINISTER)
    @operation("List all users", TAG, {200: Answer("By name.", list[UserEntry])}, errors=(401, 403))
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.media = await self._people.do(req, lambda accounts: [entry(one) for one in accounts.accounts()])


class UserCreation:
    def __init__(self, people: People) -> None:
        self._people = people

    @needs(Right.ADMINISTER)
    @operation("Make a user", TAG, {201: Answer("The user.", UserEntry)}, body=UserToMake, errors=(400, 401, 403, 409))
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked = await read_model(req, UserToMake)
        shown = password_hash(asked.username, asked.password)

        banned = asked.ban_reason or "" if asked.banned else None

        def make(accounts: Administration) -> Account:
            return accounts.add(asked.username, Role(asked.user_type), shown, banned)

        resp.status, resp.media = falcon.HTTP_201, entry(await self._people.do(req, make, hashes=True))


class UserOf:
    def __init__(self, people: People) -> None:
        self._people = people

    @needs(Right.ADMINISTER)
    @operation("Get a user", TAG, CHANGED, errors=(401, 403, 404))
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, user_id: str) -> None:
        resp.media = await self._people.do(req, lambda accounts: entry(accounts.account(named(accounts, user_id))))

    @needs(Right.ADMINISTER)
    @operation("Delete a user", TAG, {200: Answer("He is gone.", Done)}, errors=REFUSED)
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, user_id: str) -> None:
        def delete(accounts: Administration) -> str:
            accounts.delete(name := named(accounts, user_id))
            return name

        await self._people.let_go(await self._people.do(req, delete))
        resp.media = {}


class UserTypeOf:
    def __init__(self, people: People) -> None:
        self._people = people

    @needs(Right.ADMINISTER)
    @operation("Make a user something else", TAG, CHANGED, body=GivenType, errors=REFUSED)
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, user_id: str) -> None:
        asked = await read_model(req, GivenType)
        resp.media = await _changed(self._people, req, user_id, lambda accounts, name: accounts.set_role(name, Role(asked.type)))


class PasswordOfUser:
    def __init__(self, people: People) -> None:
        self._people = people

    @needs(Right.ADMINISTER)
    @operation(
        "Change a user's password", TAG, {200: Answer("All his sessions have ended.", Done)}, body=GivenPassword, errors=REFUSED
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, user_id: str) -> None:
        asked = await read_model(req, GivenPassword)

        def change(accounts: Administration) -> None:
            name = named(accounts, user_id)
            accounts.give_password(name, password_hash(name, asked.password))

        await self._people.do(req, change, hashes=True)
        resp.media = {}


class UserBan:
    def __init__(self, people: People) -> None:
        self._people = people

    @needs(Right.ADMINISTER)
    @operation("Ban a user", TAG, CHANGED, description="The body may be left out.", body=BanWith, errors=REFUSED)
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, user_id: str) -> None:
        asked = await read_model(req, BanWith) if req.content_length else BanWith()
        reason = asked.reason or ""
        resp.media = await _changed(self._people, req, user_id, lambda accounts, name: accounts.ban(name, True, reason, True))


class UserUnban:
    def __init__(self, people: People) -> None:
        self._people = people

    @needs(Right.ADMINISTER)
    @operation("Let a user in again", TAG, CHANGED, errors=(401, 403, 404))
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, user_id: str) -> None:
        resp.media = await _changed(self._people, req, user_id, lambda accounts, name: accounts.ban(name, False))


async def _changed(
    people: People, req: falcon.asgi.Request, id: str, change: Callable[[Administration, str], Account]
) -> dict[str, Any]:
    """Changes a user, and returns him."""
    return await people.do(req, lambda accounts: entry(change(accounts, named(accounts, id))))
