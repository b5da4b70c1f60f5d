"""/api/v1/session/oidc: signing in by an OpenID Connect provider. The browser goes there, and comes back with a code."""

from __future__ import annotations

import html
import time
from datetime import UTC, datetime
from typing import Any

import falcon
import falcon.asgi

from homeostat.accounts.errors import ProviderNotConfigured, ProviderRefused, UnknownKey
from homeostat.accounts.signing_in.oidc.attempt import LIFETIME, PATH_MAX, OidcAttempt, is_own_path
from homeostat.accounts.signing_in.oidc.person import Person
from homeostat.accounts.signing_in.oidc.provider import Provider, Tokens
from homeostat.accounts.signing_in.oidc.settings import CALLBACK, OidcSettings
from homeostat.models.outside import one_line

from ..http.errors import invalid
from ..http.operations import Answer, Parameter, operation
from ..http.requests.origin import address_of, scheme_of
from ..http.rights import Door, needs
from . import cookies
from .lookup import AccountsLookup
from .provider_client import ProviderClient

TAG = "Session"
ATTEMPT = "homeostat_oidc"  # the cookie of an attempt
ATTEMPT_PATH = "/api/v1/session/oidc"
CODE_MAX = 4096  # characters
PLAIN = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
"""The Content-Security-Policy of pages that are text and links alone."""
TO = Parameter("to", {"type": "string", "maxLength": PATH_MAX}, "The path of this server to go to then; without it /.")
_TEXT = {"type": "string"}
RETURNED = tuple(Parameter(name, _TEXT, "From the provider.") for name in ("code", "state", "iss", "error"))
# Browsers keep the cookies of a session to themselves while pages of others send them on. So this page ends the way, and goes on
# by itself.
_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Signed in</title>'
    '<meta http-equiv="refresh" content="0;url={to}"><p>Signed in as {name}. <a href="{to}">Go on</a></p></html>'
)


class Oidc:
    """What both routes need. ``settings`` None: no provider is configured."""

    def __init__(self, lookup: AccountsLookup, settings: OidcSettings | None) -> None:
        self.lookup = lookup
        self._settings = settings
        self._client = ProviderClient(settings) if settings is not None else None

    def configured(self) -> tuple[OidcSettings, ProviderClient]:
        """Returns the provider.

        Raises:
            ProviderNotConfigured: there is none.
        """
        if self._settings is None or self._client is None:
            raise ProviderNotConfigured()
        return self._settings, self._client


class OidcBegin:
    def __init__(self, oidc: Oidc) -> None:
        self._oidc = oidc

    @needs(Door.OPEN)
    @operation(
        "Sign in by the provider",
        TAG,
        {302: Answer("To the OpenID Connect provider.", headers={"Location": "Where it asks who somebody is."})},
        description="For browsers. The provider sends them back to /api/v1/session/oidc/callback.",
        parameters=(TO,),
        errors=(400, 404, 409),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        settings, client = self._oidc.configured()
        await self._oidc.lookup.reception()  # nobody signs in where there are no accounts
        to = req.get_param("to") or "/"
        if not is_own_path(to):
            raise invalid(f"to: write a path of this server, such as /, of at most {PATH_MAX} characters")
        attempt = OidcAttempt.begin(settings, int(time.time()), to, back(req, settings))
        address = attempt.address(await client.provider())
        resp.set_cookie(
            ATTEMPT,
            attempt.cookie,
            max_age=LIFETIME,
            path=ATTEMPT_PATH,
            secure=scheme_of(req) == "https",
            http_only=True,
            same_site="Lax",  # the browser brings it when the provider sends it back, and only then
        )
        resp.set_header("Cache-Control", "no-store")
        resp.status, resp.location = falcon.HTTP_302, address


class OidcCallback:
    def __init__(self, oidc: Oidc) -> None:
        self._oidc = oidc

    @needs(Door.OPEN)
    @operation(
        "Come back from the provider",
        TAG,
        {200: Answer("Signed in, by cookies. The page goes on to where it was wanted.", _TEXT, "text/html")},
        description="For browsers that the provider sends back.",
        parameters=RETURNED,
        errors=(400, 404, 409, 429),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        settings, client = self._oidc.configured()
        reception, address = await self._oidc.lookup.reception(), address_of(req)
        resp.set_header("Cache-Control", "no-store")
        attempt = OidcAttempt.recall(settings, cookies.cookie_of(req, ATTEMPT), back(req, settings))
        attempt.check(req.get_param("state"), int(time.time()))
        # An attempt is good for one return. What belongs to another one, as in a tab where somebody began earlier, ends none.
        resp.unset_cookie(ATTEMPT, path=ATTEMPT_PATH, same_site="Lax")
        door, program = reception.by_provider(settings), req.get_header("User-Agent") or ""
        await self._oidc.lookup.run(lambda: door.check_turn(address))
        try:
            person = await self._person(await self._tokens(req, client, attempt), client, attempt)
            signed_in = await self._oidc.lookup.run(lambda: door.sign_in(person, address, program))
        except ProviderRefused as error:
            why = str(error)
            await self._oidc.lookup.run(lambda: door.refuse(address, why))
            raise
        finally:
            reception.recognition.look_again()  # an account may have been made, or have another role
        cookies.set_cookies(req, resp, signed_in)
        resp.content_type = "text/html; charset=utf-8"
        resp.set_header("Content-Security-Policy", PLAIN)
        resp.text = _PAGE.format(to=html.escape(attempt.to), name=html.escape(signed_in.name))

    async def _tokens(self, req: falcon.asgi.Request, client: ProviderClient, attempt: OidcAttempt) -> Tokens:
        (await client.provider()).check_issuer(req.get_param("iss"), attempt.settings)
        if (error := req.get_param("error")) is not None:
            raise ProviderRefused(f"the provider lets nobody in: {one_line(error[:100])}")
        code = req.get_param("code")
        if not code or len(code) > CODE_MAX:
            raise ProviderRefused("there is no code of the provider")
        return await client.redeem(code, attempt)

    async def _person(self, tokens: Tokens, client: ProviderClient, attempt: OidcAttempt) -> Person:
        """Returns whom the ID token names. A key that is not known may be a newer one."""
        provider = await client.provider()
        try:
            keys = await client.keys()
            return await self._oidc.lookup.run(lambda: _verified(tokens, keys, provider, attempt))
        except UnknownKey:
            newer = await client.keys(anew=True)
            return await self._oidc.lookup.run(lambda: _verified(tokens, newer, provider, attempt))


def back(req: falcon.asgi.Request, settings: OidcSettings) -> str:
    """Returns where the provider sends the browser back to: it knows this address, and takes no other."""
    return settings.redirect_uri or f"{scheme_of(req)}://{req.get_header('Host') or ''}{CALLBACK}"


def _verified(tokens: Tokens, keys: Any, provider: Provider, attempt: OidcAttempt) -> Person:
    # Late: what it brings takes a moment, and only those need it.
    from homeostat.accounts.signing_in.oidc.id_token import verified

    return verified(tokens, keys, provider, attempt.settings, attempt.nonce, datetime.now(UTC))
