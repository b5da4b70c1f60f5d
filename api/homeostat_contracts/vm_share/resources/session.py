"""/register, /login, /token, /logout, /me and /user_info: signing in and out, and who is signed in."""

from __future__ import annotations

from typing import Any

import falcon.asgi

from homeostat.accounts.signing_in.sessions import SignedIn
from homeostat.service.service import Service
from homeostat_api.http.actor import who
from homeostat_api.http.media import read_model
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.requests.origin import address_of
from homeostat_api.http.rights import Door, Right, needs

from ..errors import bad
from ..lab import Lab
from ..marks import os_of, vmid_of
from ..outside import Recaptcha
from ..people import ROLES, LabPeople, LabUser, give_cookie, take_cookie
from ..words import ActiveMachine, LabMessage, LoginShown, Me, RegisterAsked, Registered, TokenGiven

TAG = "Authentication"


class LabRegistration:
    def __init__(self, people: LabPeople, recaptcha: Recaptcha) -> None:
        self._people, self._recaptcha = people, recaptcha

    @needs(Door.OPEN)
    @operation(
        "Make an account",
        TAG,
        {200: Answer("He is signed in, by the cookie access_token too.", Registered)},
        body=RegisterAsked,
        errors=(400, 409, 429),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked = await read_model(req, RegisterAsked)
        if not (asked.login or "").strip() or not (asked.password or "").strip():
            raise bad("login and password are required")
        await self._recaptcha.check(asked.g_recaptcha_response, address_of(req))
        login, password = asked.login or "", asked.password or ""
        await self._people.register(req, login, password)
        signed_in, user = await self._people.sign_in(req, login, password)
        give_cookie(resp, signed_in)
        resp.media = {"message": "User registered", **_token(signed_in, user)}


class LabLogin:
    """``alias``: its answer has no message."""

    def __init__(self, people: LabPeople, recaptcha: Recaptcha, alias: bool = False) -> None:
        self._people, self._recaptcha, self._alias = people, recaptcha, alias

    @needs(Door.OPEN)
    @operation(
        "Sign in",
        TAG,
        {200: Answer("The token, which is in the cookie access_token too.", TokenGiven)},
        description="What is wrong nobody learns. Who fails too often waits, longer each time.",
        body=LoginShown,
        errors=(400, 401, 403, 429),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked = await read_model(req, LoginShown)
        await self._recaptcha.check(asked.g_recaptcha_response, address_of(req))
        signed_in, user = await self._people.sign_in(req, asked.username or "", asked.password or "")
        give_cookie(resp, signed_in)
        resp.media = {**({} if self._alias else {"message": "Login successful"}), **_token(signed_in, user)}


class LabLogout:
    def __init__(self, service: Service, people: LabPeople, lab: Lab) -> None:
        self._service, self._people, self._lab = service, people, lab

    @needs(Right.CHANGE)
    @operation("Sign out", TAG, {200: Answer("His machine has ended, too.", LabMessage)})
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        actor, user = who(req), await self._people.user(req)
        desk = self._service.asked_by(actor)
        await self._lab.end(desk, user)
        await self._people.sign_out(actor)
        take_cookie(resp)
        # One that was made meanwhile. A later one is for nobody who is signed in, and goes by itself.
        await self._lab.end(desk, user)
        resp.media = {"message": "Logged out"}


class LabMe:
    def __init__(self, people: LabPeople) -> None:
        self._people = people

    @needs(Door.KNOWN)
    @operation("Tell who asks", TAG, {200: Answer("His account.", Me)})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        user = await self._people.user(req)
        resp.media = {"id": user.id, "login": user.login, "role": ROLES[who(req).role]}


class LabUserInfo:
    def __init__(self, service: Service, people: LabPeople, lab: Lab) -> None:
        self._service, self._people, self._lab = service, people, lab

    @needs(Right.SEE)
    @operation("Tell which machine somebody has", TAG, {200: Answer("null: none.", ActiveMachine)})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        machine = await self._lab.of(self._service.asked_by(who(req)), await self._people.user(req))
        resp.media = {
            "os_type": os_of(machine) if machine is not None else None,
            "vmid": vmid_of(machine) if machine is not None else None,
        }


def _token(signed_in: SignedIn, user: LabUser) -> dict[str, Any]:
    return {"id": user.id, "access_token": signed_in.access, "token_type": "bearer"}
