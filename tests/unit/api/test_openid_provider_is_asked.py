"""A provider is asked no more often than it must be, and what it answers is taken only as far as it is an answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from homeostat.accounts.errors import ProviderAway
from homeostat.accounts.signing_in.oidc.attempt import OidcAttempt
from homeostat.accounts.signing_in.oidc.settings import OidcSettings
from homeostat_api.accounts import provider_client as module
from homeostat_api.accounts.provider_client import ANEW, AT_ONCE, BODY_MAX, FAILED, KEPT, ProviderClient

ISSUER = "https://login.example"
DISCOVERY = "/.well-known/openid-configuration"
ITSELF = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/ask",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
}


def answered(content: bytes, status: int = 200, **headers: str) -> Callable[[], httpx.Response]:
    async def sent() -> AsyncIterator[bytes]:
        yield content

    return lambda: httpx.Response(
        status, headers={name.replace("_", "-"): value for name, value in headers.items()}, content=sent()
    )


def as_json(document: Any, status: int = 200, **headers: str) -> Callable[[], httpx.Response]:
    return answered(json.dumps(document).encode(), status, **headers)


@dataclass
class Asked:
    """A provider that answers without a network, and notes what it was asked."""

    answers: dict[str, Callable[[], httpx.Response]]
    now: float = 1000.0
    asked: list[httpx.Request] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        for _ in range(50):
            await asyncio.sleep(0)
        self.at_once -= 1
        return self.answers[request.url.path]()

    def client(self, secret: str | None = "a b") -> ProviderClient:
        return ProviderClient(OidcSettings(ISSUER, "homeostat", secret), lambda: self.now)

    @property
    def paths(self) -> list[str]:
        return [request.url.path for request in self.asked]


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Asked:
    found = Asked({DISCOVERY: as_json(ITSELF), "/keys": as_json({"keys": []}), "/token": as_json({"id_token": "id"})})
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", lambda _, request: found.answer(request))
    return found


def attempt(client: ProviderClient) -> OidcAttempt:
    return OidcAttempt.begin(client._settings, 0, "/", "https://vms.example/back")


@pytest.mark.parametrize(
    ("anew", "after", "again"),
    [
        (False, KEPT - 0.1, False),
        (False, KEPT, True),
        (True, ANEW - 0.1, False),
        (True, ANEW, True),
        (True, -0.1, False),
    ],
)
async def test_keys_are_believed_for_so_long(provider: Asked, anew: bool, after: float, again: bool) -> None:
    client = provider.client()
    assert await client.keys() == {"keys": []}
    provider.now += after
    provider.answers["/keys"] = as_json({"keys": ["newer"]})
    assert await client.keys(anew=anew) == {"keys": ["newer"] if again else []}
    assert provider.paths.count("/keys") == 1 + again


@pytest.mark.parametrize(("after", "again"), [(FAILED - 0.1, False), (FAILED, True)])
async def test_a_failure_is_believed_for_so_long(provider: Asked, after: float, again: bool) -> None:
    client = provider.client()
    provider.answers[DISCOVERY] = as_json({}, 500)
    with pytest.raises(ProviderAway, match="answers 500"):
        await client.provider()
    provider.now += after
    provider.answers[DISCOVERY] = as_json(ITSELF)
    if not again:
        with pytest.raises(ProviderAway, match="answers 500"):
            await client.provider()
        return
    assert (await client.provider()).token == f"{ISSUER}/token"
    provider.now += KEPT - 0.1
    await client.provider()
    assert len(provider.asked) == 2, "it is believed as if it had never failed"


async def test_all_who_ask_at_once_wait_for_one_answer(provider: Asked) -> None:
    client = provider.client()
    found = await asyncio.gather(*(client.provider() for _ in range(5)))
    assert provider.paths == [DISCOVERY] and len(set(found)) == 1


async def test_only_so_many_ask_at_once(provider: Asked) -> None:
    client = provider.client()
    await asyncio.gather(*(client.redeem("code", attempt(client)) for _ in range(AT_ONCE + 3)))
    assert provider.paths.count("/token") == AT_ONCE + 3 and provider.most_at_once == AT_ONCE


@pytest.mark.parametrize("secret", ["a b", None])
async def test_what_a_code_is_redeemed_with(provider: Asked, secret: str | None) -> None:
    client = provider.client(secret)
    tried = attempt(client)
    assert (await client.redeem("a code", tried)).id_token == "id"
    request = provider.asked[-1]
    assert (request.method, str(request.url)) == ("POST", f"{ISSUER}/token")
    named = {} if secret else {"client_id": ["homeostat"]}
    assert parse_qs(request.content.decode()) == {
        "grant_type": ["authorization_code"],
        "code": ["a code"],
        "redirect_uri": ["https://vms.example/back"],
        "code_verifier": [tried.verifier],
        **named,
    }
    assert request.headers.get("Authorization") == (httpx.BasicAuth("homeostat", "a+b")._auth_header if secret else None)
    assert (request.headers["Accept"], request.headers["Accept-Encoding"]) == ("application/json", "identity")


WHOLE = json.dumps(ITSELF).encode()
ANSWERED: dict[str, tuple[Callable[[], httpx.Response], str]] = {
    "it": (as_json(ITSELF), ""),
    "unpacked": (as_json(ITSELF, Content_Encoding="identity"), ""),
    "packed": (as_json(ITSELF, Content_Encoding="br"), "compresses its answers"),
    "as long as may be": (answered(WHOLE.ljust(BODY_MAX)), ""),
    "longer": (answered(WHOLE.ljust(BODY_MAX + 1)), f"answers with more than {BODY_MAX} bytes"),
    "null": (as_json(None), "answers 200, and no JSON"),
    "a page": (answered(b"<html>"), "answers 200, and no JSON"),
    "made": (as_json(ITSELF, 201), "answers 201"),
    "missing": (as_json(ITSELF, 404), "answers 404"),
    "elsewhere": (as_json(ITSELF, 302, Location=f"{ISSUER}/keys"), "answers 302"),
}


@pytest.mark.parametrize("what", ANSWERED)
async def test_what_it_answers(provider: Asked, what: str) -> None:
    provider.answers[DISCOVERY], told = ANSWERED[what]
    if not told:
        assert (await provider.client().provider()).keys == f"{ISSUER}/keys"
        return
    with pytest.raises(ProviderAway) as away:
        await provider.client().provider()
    assert str(away.value).startswith(f"the provider {ISSUER} {told}") and provider.paths == [DISCOVERY]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (httpx.ConnectError("no\nroute" + 300 * "x"), r"cannot be asked: no\nroute" + 192 * "x"),
        (httpx.ReadTimeout(""), "cannot be asked: ReadTimeout"),
        (OSError("broken pipe"), "cannot be asked: broken pipe"),
    ],
    ids=["told", "nothing told", "of the system"],
)
async def test_what_hinders_is_told(provider: Asked, error: Exception, told: str) -> None:
    def fails() -> httpx.Response:
        raise error

    provider.answers[DISCOVERY] = fails
    with pytest.raises(ProviderAway) as away:
        await provider.client().provider()
    assert str(away.value) == f"the provider {ISSUER} {told}"


async def test_one_that_never_answers_is_left(provider: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    async def waits(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError(request)

    monkeypatch.setattr(module, "DEADLINE", 0.01)
    monkeypatch.setattr(provider, "answer", waits)
    with pytest.raises(ProviderAway, match=r"does not answer within 0\.01 s"):
        await provider.client().provider()


async def test_each_question_has_a_connection_of_its_own() -> None:
    """One that was kept open may be dead when somebody signs in an hour later."""
    made: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.append(writer)
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        now = [0.0]
        client = ProviderClient(OidcSettings(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "c"), lambda: now[0])
        for now[0] in (0.0, FAILED):
            with pytest.raises(ProviderAway, match="answers 404"):
                await client.provider()
        assert len(made) == 2
        for writer in made:
            writer.close()
