"""/api/v1/session and /api/v1/sessions: signing in and out, and who is signed in."""

from __future__ import annotations

import falcon
import falcon.asgi

from homeostat.accounts.errors import NotSignedIn
from homeostat.accounts.signing_in.sessions import SignedIn

from ..http.actor import who
from ..http.media import read_model
from ..http.operations import Answer, Parameter, operation
from ..http.requests.origin import address_of
from ..http.rights import Door, needs
from . import cookies
from .counter import Counter
from .lookup import AccountsLookup
from .words import RefreshWith, SessionAll, SessionTokens, SignInWith, WhoAmI, session_body, session_tokens, whoami

TAG = "Session"
ACCOUNT = Parameter("account", {"type": "string"}, "Only of this account.")


class SessionItem:
    def __init__(self, lookup: AccountsLookup) -> None:
        self._lookup = lookup
        self._counter = Counter(lookup)

    @needs(Door.OPEN)
    @operation(
        "Sign in",
        TAG,
        {201: Answer("A session.", SessionTokens)},
        description="By name and password. Which of them is wrong nobody learns. Who fails too often waits, longer each time.",
        body=SignInWith,
        errors=(400, 409, 429),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked = await read_model(req, SignInWith)
        if asked.cookie:
            cookies.check_same_origin(req)  # else a page could sign its reader in as somebody else
        reception, address, client = await self._lookup.reception(), address_of(req), req.get_header("User-Agent") or ""
        signed_in = await reception.hashing(lambda: reception.sign_in.sign_in(asked.name, asked.password, address, client))
        resp.status = falcon.HTTP_201
        answer_tokens(req, resp, signed_in, asked.cookie)

    @needs(Door.KNOWN)
    @operation("Tell who is signed in", TAG, {200: Answer("Whoever asks.", WhoAmI)}, description="As GET /api/v1/whoami.")
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        answer_who(req, resp)

    @needs(Door.KNOWN)
    @operation(
        "Sign out",
        TAG,
        {204: Answer("The session has ended, with all that was open in it.")},
        errors=(403, 404, 409),
    )
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        session = who(req).session
        await self._counter.do(req, lambda accounts: accounts.end_session(session))
        cookies.unset_cookies(resp)
        resp.status = falcon.HTTP_204


class SessionRefresh:
    def __init__(self, lookup: AccountsLookup) -> None:
        self._lookup = lookup

    @needs(Door.OPEN)
    @operation(
        "Go on with a session",
        TAG,
        {200: Answer("What takes the place of the tokens until now.", SessionTokens)},
        description="A refresh token is good for one use. Who uses one again is refused, and after 15 seconds the session ends: "
        "it was stolen by one of the two.",
        body=RefreshWith,
        errors=(400, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked = await read_model(req, RefreshWith)
        by_cookie, token = asked.refresh_token is None, asked.refresh_token
        if by_cookie:
            cookies.check_same_origin(req, cookies.access_of(req))
            token = cookies.refresh_of(req)
        if token is None:
            raise NotSignedIn("there is no refresh token, neither in the body nor as a cookie")
        reception, shown = await self._lookup.reception(), token
        answer_tokens(req, resp, await self._lookup.run(lambda: reception.sessions.refresh(shown)), by_cookie)


class WhoAmIItem:
    @needs(Door.KNOWN)
    @operation("Tell who asks", TAG, {200: Answer("As the server sees it.", WhoAmI)})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        answer_who(req, resp)


class SessionList:
    def __init__(self, lookup: AccountsLookup) -> None:
        self._counter = Counter(lookup)

    @needs(Door.KNOWN)
    @operation(
        "List sessions",
        TAG,
        {200: Answer("The newest first.", SessionAll)},
        description="One's own; a moderator's list has all.",
        parameters=(ACCOUNT,),
        errors=(400, 404, 409),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        account = req.get_param("account")
        found = await self._counter.do(req, lambda accounts: accounts.sessions(account))
        resp.media = {"sessions": [session_body(session) for session in found]}


class SessionEnd:
    def __init__(self, lookup: AccountsLookup) -> None:
        self._counter = Counter(lookup)

    @needs(Door.KNOWN)
    @operation(
        "End a session",
        TAG,
        {204: Answer("It has ended, with all that was open in it.")},
        description="One's own; an administrator ends any.",
        errors=(403, 404, 409),
    )
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, session: str) -> None:
        await self._counter.do(req, lambda accounts: accounts.end_session(session))
        resp.status = falcon.HTTP_204


def answer_tokens(req: falcon.asgi.Request, resp: falcon.asgi.Response, signed_in: SignedIn, by_cookie: bool) -> None:
    if by_cookie:
        cookies.set_cookies(req, resp, signed_in)
    resp.set_header("Cache-Control", "no-store")
    resp.media = session_tokens(signed_in, cookies.csrf_of(signed_in.access), by_cookie)


def answer_who(req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
    access = cookies.access_of(req) if who(req).how == "session" and req.get_header("Authorization") is None else None
    resp.set_header("Cache-Control", "no-store")
    resp.media = whoami(who(req), cookies.csrf_of(access) if access is not None else None)
