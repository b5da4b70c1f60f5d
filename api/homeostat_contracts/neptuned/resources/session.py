"""Signing in and out, and what somebody does with his own account."""

from __future__ import annotations

import falcon.asgi

from homeostat.accounts.names import account_name
from homeostat_api.http.actor import who
from homeostat_api.http.media import read_model
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.requests.origin import address_of
from homeostat_api.http.rights import Door, needs

from ..errors import forbidden
from ..people import LASTING, People, hash_of, password_hash, shown_hash
from ..words.accounts import LoginRequest, OwnPassword, RegisterRequest, TokenAnswer
from ..words.server import Done

TAG = "Authentication"
SIGNED_IN = {200: Answer("The session.", TokenAnswer)}


class Login:
    def __init__(self, people: People) -> None:
        self._people = people

    @needs(Door.OPEN)
    @operation(
        "Sign in",
        TAG,
        SIGNED_IN,
        description="Who is banned may, too: what is left to him is to leave.",
        body=LoginRequest,
        errors=(400, 401, 429),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked = await read_model(req, LoginRequest)
        resp.media = {"token": await _signed_in(self._people, req, asked.username, shown_hash(asked.password_hash))}


class Register:
    def __init__(self, people: People) -> None:
        self._people = people

    @needs(Door.OPEN)
    @operation("Make an account", TAG, SIGNED_IN, body=RegisterRequest, errors=(400, 403, 409, 429))
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked, people = await read_model(req, RegisterRequest), self._people
        if not (await people.settings()).registrations_open:
            raise forbidden("Registrations are not open: ask an administrator for an account")
        shown, reception = password_hash(asked.username, asked.password), await people.reception()
        await reception.hashing(lambda: reception.registration.register(asked.username, shown, address_of(req)))
        resp.media = {"token": await _signed_in(people, req, asked.username, shown)}


class Logout:
    def __init__(self, people: People) -> None:
        self._people = people

    @needs(Door.KNOWN)
    @operation("Sign out", TAG, {200: Answer("The token lets nobody in any more.", Done)}, errors=(400, 401))
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        session = who(req).session
        await self._people.do(req, lambda accounts: accounts.end_session(session))
        resp.media = {}


class PasswordChange:
    def __init__(self, people: People) -> None:
        self._people = people

    @needs(Door.KNOWN)
    @operation(
        "Change one's password",
        TAG,
        {200: Answer("All other sessions have ended.", Done)},
        body=OwnPassword,
        errors=(400, 401, 403, 429),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked, name = await read_model(req, OwnPassword), who(req).name
        old = hash_of(name, asked.old_password) if name and asked.old_password is not None else None
        new = password_hash(account_name(name), asked.password) if name else asked.password
        await self._people.do(req, lambda accounts: accounts.set_own_password(new, old), hashes=True)
        resp.media = {}


class Departure:
    def __init__(self, people: People) -> None:
        self._people = people

    @needs(Door.KNOWN)
    @operation("Delete one's account", TAG, {200: Answer("It is gone.", Done)}, errors=(400, 401, 403, 409))
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await self._people.do(req, lambda accounts: accounts.leave())
        await self._people.let_go(who(req).name)
        resp.media = {}


async def _signed_in(people: People, req: falcon.asgi.Request, username: str, shown: str) -> str:
    """Signs somebody in, and returns his token."""
    reception, address, client = await people.reception(), address_of(req), req.get_header("User-Agent") or ""
    signed_in = await reception.hashing(
        lambda: reception.sign_in.sign_in(username, shown, address, client, lasting=LASTING, also_banned=True)
    )
    return signed_in.access
