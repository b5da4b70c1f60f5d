"""The one gate: everybody who asks, by request or by WebSocket, is admitted here or nowhere.

It asks two questions, in this order. Who asks? (Before the path is read, so that nobody learns which paths there are.) May he do
what the responder declares (``rights``)? A responder that declares nothing is refused.

What stays open is asked the first question again and again, see ``admitted``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import falcon.asgi

from homeostat.accounts.actor import NOBODY, Actor
from homeostat.accounts.audit.audit import Act, By
from homeostat.accounts.consoles import Bearer
from homeostat.accounts.errors import AccountsError, NoAccounts, NotSignedIn, SessionBanned, TicketRefused
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.oidc.settings import CALLBACK
from homeostat.models.loopback import is_loopback
from homeostat.service.journal import NOTED

from .accounts import cookies
from .accounts.lookup import AccountsLookup
from .accounts.tickets import NO_TICKET, ticket_of
from .config import ApiConfig
from .http.actor import ACCOUNT, check_meant, who
from .http.admitted import WhileAdmitted, remember_admission
from .http.answers.accounts import unavailable
from .http.contract import Entrance
from .http.errors import Problem
from .http.media import BODY_LIMIT, bounded, discard, too_large
from .http.requests.origin import address_of, arrive, scheme_of
from .http.rights import Door, Need, Right, needed, responder_name

log = logging.getLogger("homeostat.api")

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
"""Answered to everybody who can reach the server: they say nothing about machines."""
OPEN_FILES = frozenset(f"/web/console/{file}" for file in ("start.js", "signin.js", "requests.js", "console.css"))
"""Served to everybody, too: what the page to sign in with needs. It says nothing that the source does not."""
FOR_EVERYBODY = OPEN_PATHS | OPEN_FILES
SIGN_IN = frozenset(
    {
        ("POST", "/api/v1/session"),
        ("POST", "/api/v1/session/refresh"),
        ("GET", "/api/v1/session/oidc"),
        ("GET", CALLBACK),
    }
)
"""Where somebody becomes known."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
WEBSOCKET = "WEBSOCKET"  # Falcon's word for it, among the methods
_LOCAL = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:(?P<port>[0-9]{1,5}))?", re.IGNORECASE)


def own_entrance(key_header: str) -> Entrance:
    """Returns how whoever asks our own API shows who he is. ``key_header``: carries the token, too."""
    return Entrance(
        "Sign in (POST /api/v1/session), or send a token: Authorization: Bearer TOKEN",
        key_header,
        FOR_EVERYBODY,
        SIGN_IN,
        cookie=cookies.access_of,
        proof=cookies.check_same_origin,
        tickets=True,
    )


class Gate:
    """Authenticates by the server's token, or by accounts. Without both it admits this host's own pages and programs, where the
    entrance lets it. ``any_page``: those of any origin may ask, with a token."""

    def __init__(self, config: ApiConfig, entrance: Entrance, accounts: AccountsLookup, any_page: bool = False) -> None:
        self._config = config
        self._any_page = any_page
        self._entrance = entrance
        self._accounts = accounts
        self._local_only = config.token is None and is_loopback(config.host)

    async def _note_refusal(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Enters into the audit what was refused to somebody before it came to anything."""
        actor: Actor = getattr(req.context, "actor", NOBODY)
        if actor.how == "unknown":
            return
        said = resp.media.get("error", "") if isinstance(resp.media, dict) else ""
        act = Act(req.method, "Request", req.path, outcome="Refused", message=str(said))
        try:
            if await self._accounts.there_are_some():
                audit = (await self._accounts.reception()).audit
                await self._accounts.run(lambda: audit.note(By.actor(actor), act))
        except AccountsError as error:
            log.error("what was refused is not in the audit: %s %s (%s)", req.method, req.path, error)

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        arrive(req, self._config.proxies)
        NOTED.set(False)
        req.context.actor = await self.admit(req, req.method)
        check_meant(who(req), req.get_header(ACCOUNT))

    async def process_request_ws(self, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket) -> None:
        arrive(req, self._config.proxies)
        shown = ticket_of(req) if self._entrance.tickets else self._entrance.ticket(req)
        if shown is None:
            req.context.actor = await self.admit(req, WEBSOCKET)
            return
        self._check_page(req)
        accounts = await self._accounts.opened()
        ticket = req.context.ticket = await self._accounts.run(lambda: accounts.consoles.redeem(shown))
        req.context.actor = replace(await self.again(ticket.bearer), address=address_of(req))

    async def process_resource(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: object, params: Mapping[str, Any]
    ) -> None:
        self._authorize(req, resource, req.method)
        if (req.content_length or 0) > BODY_LIMIT and bounded(resource, req.method):
            raise too_large()
        if who(req).how != "token":
            remember_admission(req, partial(self._still, req, req.method))

    async def process_resource_ws(
        self, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket, resource: object, params: Mapping[str, Any]
    ) -> None:
        self._authorize(req, resource, WEBSOCKET)

    async def process_response(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: Any, succeeded: bool
    ) -> None:
        if not succeeded and req.method not in SAFE_METHODS:
            await discard(req)
            if resp.status_code in (403, 404) and not NOTED.get():
                await self._note_refusal(req, resp)
        if succeeded and resp.stream is not None and who(req).how != "token":
            resp.stream = WhileAdmitted(resp.stream, partial(self._still, req, req.method))

    async def admit(self, req: falcon.asgi.Request, method: str) -> Actor:
        """Returns who asks.

        Raises:
            Problem: 401, 403, nobody whom we serve; 503, nobody knows.
            TicketRefused: he opens a WebSocket, and shows nothing.
        """
        if self._carries_the_token(req):
            return Actor("token", Role.ADMINISTRATOR, rights=self._config.rights, address=address_of(req))
        everybodys = req.path in self._entrance.for_everybody or req.path.startswith(self._entrance.for_everybody_below)
        for_everybody = everybodys and method in SAFE_METHODS
        if for_everybody and not (self._local_only and await self._is_the_hosts()):
            return NOBODY
        if not await self._asks_for_accounts():
            if self._local_only:
                return self._local(req, method)
        elif (method, req.path) in self._entrance.sign_in:
            return replace(NOBODY, address=address_of(req))
        elif (account := await self._by_account(req, method)) is not None:
            return account
        if self._asks_for_a_page(req):
            return NOBODY
        if method == WEBSOCKET and self._entrance.tickets:
            raise TicketRefused(NO_TICKET)
        raise await self._unauthorized()

    async def again(self, bearer: Bearer) -> Actor:
        """Returns who was given a ticket, as he would be admitted now.

        Raises:
            Problem: 401, 503, he would not be.
            AccountsError: see ``AccountsLookup``.
        """
        match bearer.how:
            case "session":
                found = await self._accounts.of_session(bearer.session)
            case "api-token":
                found = await self._accounts.of_token(bearer.account, bearer.token)
            case "token" if self._config.token is not None:
                found = Actor("token", Role.ADMINISTRATOR)
            case "local" if self._local_only and not await self._asks_for_accounts():
                found = Actor("local", Role.ADMINISTRATOR)
            case _:
                raise await self._unauthorized()
        rights = found.rights & self._config.rights if bearer.account else self._config.rights
        return replace(found, rights=rights, address=bearer.address)

    async def _asks_for_accounts(self) -> bool:
        try:
            return self._entrance.always or await self._accounts.required()
        except AccountsError as error:
            raise unavailable(error) from error

    async def _is_the_hosts(self) -> bool:
        """Tells whether this host's programs need no account."""
        try:
            return not (self._entrance.always or await self._accounts.required())
        except AccountsError:
            return False

    def _local(self, req: falcon.asgi.Request, method: str) -> Actor:
        self._check_host(req)
        # Browsers keep pages from reading what others answer, but not from opening WebSockets to them.
        if method not in SAFE_METHODS:
            self._check_origin(req)
        return Actor("local", Role.ADMINISTRATOR, rights=self._config.rights, address=address_of(req))

    async def _by_account(self, req: falcon.asgi.Request, method: str) -> Actor | None:
        """Returns who asks by what his account gave him. None: he shows nothing."""
        shown = self._entrance.first(req) or _bearer(req) or self._key(req)
        if shown is None and (known := await self._by_refresh(req, method)) is not None:
            return known
        if shown is not None and (known := await self._by_first_cookie(req, method)) is not None:
            return known
        shown = shown or self._entrance.shown(req)
        cookie = self._entrance.cookie(req) if shown is None else None
        if (shown := shown or cookie) is None:
            return None
        try:
            found = (await self._accounts.who(shown)).actor
        except SessionBanned as error:
            found = self._banned(error, method, req.path)
        except NotSignedIn as error:
            raise _refused(str(error)) from error
        except NoAccounts:
            return None
        except AccountsError as error:
            raise unavailable(error) from error
        if cookie is not None and method not in SAFE_METHODS:
            self._check_proof(req, cookie)
        req.context.shown = shown
        return replace(found, rights=found.rights & self._config.rights, address=address_of(req))

    async def _by_refresh(self, req: falcon.asgi.Request, method: str) -> Actor | None:
        """Returns who asks by a refresh token that his browser has. None: he has none that is good, and may show another."""
        if (shown := self._entrance.refresh(req)) is None:
            return None
        try:
            found = await self._accounts.by_refresh(shown)
        except (NotSignedIn, NoAccounts):
            return None
        except AccountsError as error:
            raise unavailable(error) from error
        if method not in SAFE_METHODS:
            self._check_proof(req, shown)
        return replace(found, rights=found.rights & self._config.rights, address=address_of(req))

    async def _by_first_cookie(self, req: falcon.asgi.Request, method: str) -> Actor | None:
        """Returns who asks by a cookie that counts before what he shows besides. None: it does not, or is not good."""
        shown = self._entrance.cookie(req) if self._entrance.cookie_first else None
        if shown is None:
            return None
        try:
            found = (await self._accounts.who(shown)).actor
        except (NotSignedIn, NoAccounts):
            return None
        except AccountsError as error:
            raise unavailable(error) from error
        if method not in SAFE_METHODS:
            self._check_proof(req, shown)
        return replace(found, rights=found.rights & self._config.rights, address=address_of(req))

    def _banned(self, error: SessionBanned, method: str, path: str) -> Actor:
        """Returns who is banned, where something is left to him: he has no right.

        Raises:
            Problem: 401, nothing is; 403, something is, but not this.
        """
        if not self._entrance.also_banned:
            raise _refused(str(error)) from error
        if (method, path) not in self._entrance.also_banned:
            raise Problem(403, "banned", str(error)) from error
        return Actor("session", name=error.name, author=error.name, session=error.session)

    async def _still(self, req: falcon.asgi.Request, method: str) -> bool:
        """Tells whether whoever asked would be admitted now as the one he was. The access token of a session may have expired:
        what lasts for longer goes on with the session."""
        asked = who(req)
        try:
            if asked.how != "session":
                return await self.admit(req, method) == asked
            now = await self._accounts.of_session(asked.session)
            return replace(now, rights=now.rights & self._config.rights) == asked
        except (Problem, AccountsError):
            return False

    def _check_proof(self, req: falcon.asgi.Request, cookie: str) -> None:
        """Checks that a page asks that may, where a browser would send the cookie for any."""
        if self._entrance.proof is not None:
            self._entrance.proof(req, cookie)
            return
        if req.get_header("Origin") is None and req.get_header("Sec-Fetch-Site") in ("cross-site", "same-site"):
            raise Problem(403, "origin_refused", "Pages of other origins must not ask for this")
        if req.get_header("Origin") not in self._config.origins:
            self._check_origin(req)

    def _key(self, req: falcon.asgi.Request) -> str | None:
        name = self._entrance.key_header
        return (req.get_header(name) or None) if name else None

    def _carries_the_token(self, req: falcon.asgi.Request) -> bool:
        return self._config.admits(req.get_header("Authorization"), self._key(req))

    def _asks_for_a_page(self, req: falcon.asgi.Request) -> bool:
        """Tells whether a browser asks, before it sends a page's request and the token, whether that page may."""
        asks = req.method == "OPTIONS" and req.get_header("Access-Control-Request-Method") is not None
        return asks and (self._any_page or req.get_header("Origin") in self._config.origins)

    async def _unauthorized(self) -> Problem:
        """Returns the answer to whoever shows nothing that lets him in."""
        asked = await self._asks_for_accounts()
        if asked and not await self._accounts.there_are_some() and self._config.token is None:
            return _refused(f"{(error := NoAccounts())}; {error.mend}")
        if asked:
            return _refused(self._entrance.advice)
        return _refused("Send the API's token: Authorization: Bearer TOKEN")

    def _authorize(self, req: falcon.asgi.Request, resource: object, method: str) -> None:
        """Checks the right.

        Raises:
            Problem: 403, who asks has not the right.
        """
        actor = who(req)
        if not hasattr(resource, responder_name(method)) or (method in SAFE_METHODS and req.uri_template in OPEN_PATHS):
            return  # Falcon answers the first: 405, or the answer to OPTIONS
        right = needed(resource, method)
        if right is None:
            log.error("%s of %s declares no right, and is refused to everybody", method, req.uri_template)
        if not _has(actor, right):
            what = f"the right to {right}" if right is not None else "a right that nobody has"
            raise Problem(403, "forbidden", f"This needs {what}", {"right": right})
        by_itself = actor.how in ("local", "session")  # a browser asks for its reader, whoever has it ask
        if right is Right.COPY and by_itself and req.get_header("Sec-Fetch-Site") in ("cross-site", "same-site"):
            raise Problem(403, "origin_refused", "Pages of other origins must not have disks copied")  # by <img>, say

    def _check_host(self, req: falcon.asgi.Request) -> None:
        """Checks the Host header: a page whose name an attacker points at 127.0.0.1 (DNS rebinding) sends that name here."""
        host = req.get_header("Host") or ""
        if not _is_local(host):
            raise Problem(
                403,
                "host_refused",
                "This API serves its own host only, as localhost, 127.0.0.1 or [::1]",
                {"host": host[:256]},
            )

    def _check_page(self, req: falcon.asgi.Request) -> None:
        """Checks which page opens a WebSocket: ours, or one that the configuration lets ask. Programs name none."""
        if self._local_only:
            self._check_host(req)
        if req.get_header("Origin") not in self._config.origins:
            self._check_origin(req)

    def _check_origin(self, req: falcon.asgi.Request) -> None:
        """Checks the Origin header: browsers name the page that wants to write; programs name none."""
        origin = req.get_header("Origin")
        if origin is not None and origin != f"{scheme_of(req)}://{req.get_header('Host')}":
            raise Problem(
                403,
                "origin_refused",
                "Pages of other origins must not change machines",
                {"origin": origin[:256]},
            )


def _has(actor: Actor, need: Need | None) -> bool:
    match need:
        case Door.OPEN:
            return True
        case Door.KNOWN:
            return actor.how != "unknown"
        case Right():
            return actor.may(need)
    return False


def _bearer(req: falcon.asgi.Request) -> str | None:
    """Returns the token of the Authorization header. None: there is none."""
    scheme, _, given = (req.get_header("Authorization") or "").partition(" ")
    return (given.strip() or None) if scheme.lower() == "bearer" else None


def _refused(message: str) -> Problem:
    return Problem(401, "unauthorized", message, headers={"WWW-Authenticate": 'Bearer realm="homeostat"'})


def _is_local(host: str) -> bool:
    """Tells whether a Host header is a local name, alone or with a port, and nothing else. Parsers of URLs accept more than
    that."""
    found = _LOCAL.fullmatch(host)
    return found is not None and (found["port"] is None or 1 <= int(found["port"]) <= 65535)
