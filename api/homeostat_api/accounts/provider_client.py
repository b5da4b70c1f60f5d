"""Asks an OpenID Connect provider over HTTP. It may be away, slow, or answer anything: only whoever signs in waits for it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from homeostat.accounts.errors import ProviderAway
from homeostat.accounts.signing_in.oidc.attempt import OidcAttempt
from homeostat.accounts.signing_in.oidc.provider import Provider, Tokens
from homeostat.accounts.signing_in.oidc.settings import OidcSettings
from homeostat.models.outside import one_line

DEADLINE = 10.0  # seconds for one answer, all of it
BODY_MAX = 256 * 1024  # bytes of an answer; real ones have a few thousand
AT_ONCE = 20  # requests to the provider; more wait, as long as one may take
KEPT = 600.0  # seconds for which what a provider tells of itself, and its keys, are believed
FAILED = 2.0  # seconds after a failure within which nobody asks again
ANEW = 2.0  # seconds between two looks for newer keys
_IDENTITY = {"Accept": "application/json", "Accept-Encoding": "identity"}  # what is compressed may become any size


@dataclass(slots=True)
class _Remembered:
    """What a provider answered last, or how it failed."""

    value: Any = None
    failure: ProviderAway | None = None
    at: float = float("-inf")


class ProviderClient:
    """One provider, as one server process knows it."""

    def __init__(self, settings: OidcSettings, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._monotonic = monotonic
        self._client: httpx.AsyncClient | None = None
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._asking = asyncio.Lock()
        self._provider = _Remembered()
        self._keys = _Remembered()

    async def provider(self) -> Provider:
        """Returns what the provider tells of itself.

        Raises:
            ProviderAway: it does not answer, or not as a provider does.
        """

        async def discover() -> Provider:
            url = f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration"
            return Provider.of(await self._document(url), self._settings)

        found: Provider = await self._recalled(self._provider, discover, KEPT)
        return found

    async def keys(self, *, anew: bool = False) -> Any:
        """Returns the keys that the provider publishes. ``anew``: it may have newer ones.

        Raises:
            ProviderAway: as above.
        """
        provider = await self.provider()
        return await self._recalled(self._keys, lambda: self._document(provider.keys), ANEW if anew else KEPT)

    async def redeem(self, code: str, attempt: OidcAttempt) -> Tokens:
        """Returns what the provider gives for a code.

        Raises:
            ProviderRefused: nothing.
            ProviderAway: as above.
        """
        provider = await self.provider()
        named, basic = provider.proof(self._settings)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": attempt.back,
            "code_verifier": attempt.verifier,
            **named,
        }
        status, document = await self._asked("POST", provider.token, form, httpx.BasicAuth(*basic) if basic else None)
        return Tokens.of(status, document, self._settings)

    async def _recalled(self, remembered: _Remembered, ask: Callable[[], Awaitable[Any]], kept: float) -> Any:
        """Returns what is remembered, or asks: one at a time, and whoever waited for it takes what came."""
        async with self._asking:
            if self._monotonic() - remembered.at >= (kept if remembered.failure is None else FAILED):
                try:
                    remembered.value, remembered.failure = await ask(), None
                except ProviderAway as error:
                    remembered.failure = error
                remembered.at = self._monotonic()
            if remembered.failure is not None:
                raise remembered.failure
            return remembered.value

    async def _document(self, url: str) -> Any:
        status, document = await self._asked("GET", url)
        if status != 200 or document is None:
            raise self._away(f"answers {status}, and no JSON" if status == 200 else f"answers {status}")
        return document

    async def _asked(
        self, method: str, url: str, form: Mapping[str, str] | None = None, auth: httpx.Auth | None = None
    ) -> tuple[int, Any]:
        """Returns the status, and the JSON of the body; None where it is none."""
        try:
            async with asyncio.timeout(DEADLINE), self._turns:
                client = self._opened()
                async with client.stream(method, url, data=form, headers=_IDENTITY, auth=auth) as answer:
                    body = await self._body(answer)
        except TimeoutError:
            raise self._away(f"does not answer within {DEADLINE:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise self._away(f"cannot be asked: {one_line(str(error)[:200]) or type(error).__name__}") from error
        try:
            return answer.status_code, json.loads(body)
        except (ValueError, RecursionError):
            return answer.status_code, None

    async def _body(self, answer: httpx.Response) -> bytes:
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise self._away("compresses its answers, although nobody asked for it")
        body = bytearray()
        async for part in answer.aiter_raw():
            body += part
            if len(body) > BODY_MAX:
                raise self._away(f"answers with more than {BODY_MAX} bytes")
        return bytes(body)

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=0)
            self._client = httpx.AsyncClient(timeout=DEADLINE, follow_redirects=False, limits=limits)
        return self._client

    def _away(self, what: str) -> ProviderAway:
        return ProviderAway(f"the provider {self._settings.issuer} {what}")
