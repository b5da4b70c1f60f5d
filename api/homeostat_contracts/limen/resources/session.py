"""/api/auth/login, /api/auth/session and /api/auth/refresh: signing in and out, and who is signed in."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import falcon.asgi

from homeostat.accounts.actor import Actor
from homeostat.accounts.administration import Administration
from homeostat.accounts.errors import NoSuchSession, NotSignedIn
from homeostat.accounts.reception import Reception
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.sessions import SignedIn
from homeostat_api.http.contract import AccountsDoor
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.requests.origin import address_of
from homeostat_api.http.rights import Door, needs

from ..people import ROLES, LimenCookies, bearer_of, refresh_of, tokens, told
from ..words import LoginAsked, MessageShown, SessionState, TokensGiven, TokensShown, read

TAG = "Auth"


class LimenLogin:
    def __init__(self, accounts: AccountsDoor, cookies: LimenCookies) -> None:
        self._accounts = accounts
        self._cookies = cookies

    @needs(Door.OPEN)
    @operation(
        "Sign in",
        TAG,
        {200: Answer("Tokens, and cookies with a refresh token and a CSRF token.", TokensGiven)},
        description="What is wrong nobody learns. Who fails too often waits, longer each time.",
        body=LoginAsked,
        errors=(400, 429),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked, reception = await read(req, LoginAsked), await self._accounts.opened()
        address, client = address_of(req), req.get_header("User-Agent") or ""
        signed_in = await reception.hashing(
            lambda: reception.sign_in.sign_in(asked.username, asked.password, address, client, told)
        )
        self._cookies.give(req, resp, signed_in.refresh)
        resp.media = tokens(signed_in)


class LimenRefresh:
    def __init__(self, accounts: AccountsDoor, cookies: LimenCookies) -> None:
        self._accounts = accounts
        self._cookies = cookies

    @needs(Door.OPEN)
    @operation(
        "Go on with a session",
        TAG,
        {200: Answer("What takes the place of the tokens until now.", TokensGiven)},
        description="The cookie counts; the token of the body where there is none. A refresh token is good for one use.",
        body=TokensShown,
        errors=(400,),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked, cookie, reception = await read(req, TokensShown), refresh_of(req), await self._accounts.opened()
        if cookie is not None:
            self._cookies.check_page(req)
        shown = cookie or asked.refresh_token
        if shown is None:
            raise NotSignedIn("there is no refresh token, neither as a cookie nor in the body")
        signed_in = await self._accounts.run(lambda: reception.sessions.refresh(shown, told))
        self._cookies.give(req, resp, signed_in.refresh)
        resp.media = tokens(signed_in)


class LimenSession:
    def __init__(self, accounts: AccountsDoor, cookies: LimenCookies) -> None:
        self._accounts = accounts
        self._cookies = cookies

    @needs(Door.OPEN)
    @operation("Tell whether somebody is signed in", TAG, {200: Answer("Who, and a fresh access token.", SessionState)})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        reception, shown = await self._accounts.opened(), bearer_of(req) or req.get_param("token")
        known = await self._known(reception, shown)
        renewed = await self._renewed(reception, refresh_of(req))
        resp.set_header("Cache-Control", "no-store")
        if known is None and renewed is None:
            resp.media = {"valid": False}
            return
        if renewed is not None and (known is None or known.session == renewed.session):
            self._cookies.give(req, resp, renewed.refresh)
        if known is not None:
            resp.media = await self._valid(reception, known.name, known.role, shown)
        elif renewed is not None:
            resp.media = await self._valid(reception, renewed.name, renewed.role, renewed.access)

    @needs(Door.OPEN)
    @operation(
        "Go on in this browser with a session that was begun elsewhere",
        TAG,
        {200: Answer("Who is signed in. The cookies are set.", SessionState)},
        body=TokensShown,
        errors=(400, 403),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        self._cookies.check_page(req)
        asked, reception = await read(req, TokensShown), await self._accounts.opened()
        renewed = await self._renewed(reception, asked.refresh_token or refresh_of(req))
        if renewed is None:
            raise NotSignedIn("the refresh token is invalid or has expired")
        self._cookies.give(req, resp, renewed.refresh)
        resp.media = await self._valid(reception, renewed.name, renewed.role, renewed.access)

    @needs(Door.OPEN)
    @operation("Sign out", TAG, {200: Answer("The session has ended, and the cookies are gone.", MessageShown)}, errors=(403,))
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        reception, cookie = await self._accounts.opened(), refresh_of(req)
        if cookie is not None:
            self._cookies.check_page(req)
        actor = await self._known(reception, bearer_of(req)) or await self._by_refresh(reception, cookie)
        if actor is not None and actor.session:
            ends = Administration(reception, actor)
            with suppress(NoSuchSession):
                await self._accounts.run(lambda: ends.end_session(actor.session))
        self._cookies.take(resp)
        resp.media = {"message": "Session deleted successfully"}

    async def _known(self, reception: Reception, shown: str | None) -> Actor | None:
        """Returns who has an access token. None: nobody."""
        with suppress(NotSignedIn):
            return (await self._accounts.run(lambda: reception.recognition.who(shown))).actor if shown else None
        return None

    async def _by_refresh(self, reception: Reception, shown: str | None) -> Actor | None:
        with suppress(NotSignedIn):
            return await self._accounts.run(lambda: reception.recognition.by_refresh(shown)) if shown else None
        return None

    async def _renewed(self, reception: Reception, shown: str | None) -> SignedIn | None:
        """Returns a fresh access token for who has a refresh token, which stays. None: it lets nobody in."""
        with suppress(NotSignedIn):
            return await self._accounts.run(lambda: reception.sessions.access(shown, told)) if shown else None
        return None

    async def _valid(self, reception: Reception, name: str, role: Role, access: str | None) -> dict[str, Any]:
        number = (await self._accounts.run(lambda: reception.accounts.ids((name,)))).get(name, 0)
        return {"valid": True, "access_token": access, "user": {"id": number, "username": name, "role": ROLES[role]}}
