"""A provider that is away, or answers nonsense, lets nobody in, breaks nothing, and keeps only whoever signs in waiting."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from homeostat.accounts.errors import ProviderAway
from homeostat.accounts.signing_in.oidc.attempt import OidcAttempt
from homeostat.accounts.signing_in.oidc.settings import OidcSettings
from homeostat_api.accounts import provider_client
from homeostat_api.accounts.provider_client import ProviderClient
from tests.api.openid_provider import CLIENT, SECRET, Answer, OpenIdProvider, as_json, openid_provider
from tests.rig.waiting import free_port

MANY = 50_000_000  # bytes


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider() as running:
        yield running


def client_of(provider: OpenIdProvider) -> ProviderClient:
    return ProviderClient(OidcSettings(provider.issuer, CLIENT, SECRET))


DISCOVERY = "/.well-known/openid-configuration"
TEXTS: dict[str, Callable[[], Answer]] = {
    "nothing": lambda: (200, {}, b""),
    "no JSON": lambda: (200, {}, b"<html>"),
    "a list": lambda: as_json([1]),
    "deep": lambda: (200, {}, b"[" * 100_000),
    "50 MB": lambda: (200, {}, b" " * MANY),
    "50 MB that were packed": lambda: (200, {"Content-Encoding": "gzip"}, gzip.compress(b" " * MANY)),
    "an error": lambda: (500, {}, b"{}"),
    "a redirect": lambda: (302, {"Location": "http://127.0.0.1:1/"}, b"{}"),
    "not found": lambda: (404, {}, b"{}"),
}


@pytest.mark.parametrize("path", [DISCOVERY, "/keys", "/token"])
@pytest.mark.parametrize("what", TEXTS)
async def test_nonsense(provider: OpenIdProvider, path: str, what: str) -> None:
    provider.answers[path] = TEXTS[what]
    client = client_of(provider)
    if path == "/keys" and what == "a list":
        assert await client.keys() == [1]  # judged with the token
        return
    with pytest.raises(ProviderAway, match=provider.issuer):
        await asked(client, path)


@pytest.mark.parametrize(
    ("status", "told"), [(200, "answers 200, and no JSON"), (201, "answers 201"), (404, "answers 404"), (500, "answers 500")]
)
async def test_what_it_answered_is_told(provider: OpenIdProvider, status: int, told: str) -> None:
    provider.answers[DISCOVERY] = lambda: (status, {}, b"<html>")
    with pytest.raises(ProviderAway) as away:
        await client_of(provider).provider()
    assert str(away.value) == f"the provider {provider.issuer} {told}"


async def asked(client: ProviderClient, path: str) -> Any:
    if path == DISCOVERY:
        return await client.provider()
    if path == "/keys":
        return await client.keys()
    attempt = OidcAttempt.begin(client._settings, 0, "/", "http://127.0.0.1/")
    return await client.redeem("code", attempt)


METADATA: dict[str, dict[str, Any]] = {
    "another issuer": {"issuer": "https://evil.example"},
    "no issuer": {"issuer": None},
    "signs by none": {"id_token_signing_alg_values_supported": ["none", "HS256"]},
    "signs by a text": {"id_token_signing_alg_values_supported": "RS256"},
    "http elsewhere": {"token_endpoint": "http://login.example/token"},
    "a file": {"jwks_uri": "file:///etc/passwd"},
    "a number": {"authorization_endpoint": 3},
    "with a password": {"token_endpoint": "https://u:p@login.example/token"},
    "no keys": {"jwks_uri": None},
}


@pytest.mark.parametrize("what", METADATA)
async def test_one_that_is_no_provider(provider: OpenIdProvider, what: str) -> None:
    provider.more = METADATA[what]
    with pytest.raises(ProviderAway) as refused:
        await client_of(provider).provider()
    assert refused.value.mend


async def test_one_that_is_away_is_not_asked_by_everybody() -> None:
    gone = ProviderClient(OidcSettings(f"http://127.0.0.1:{free_port()}", CLIENT))
    with pytest.raises(ProviderAway, match="cannot be asked") as first:
        await gone.provider()
    with pytest.raises(ProviderAway) as second:
        await gone.provider()
    assert second.value is first.value and "issuer" in first.value.mend


async def test_one_that_never_ends_is_left(provider: OpenIdProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_client, "DEADLINE", 0.2)
    go_on = threading.Event()

    def waits() -> Answer:
        go_on.wait(30)
        return as_json({})

    provider.answers[DISCOVERY] = waits
    try:
        with pytest.raises(ProviderAway, match=r"within 0\.2 s"):
            await client_of(provider).provider()
    finally:
        go_on.set()


async def test_what_it_tells_of_itself_is_remembered_for_a_while(provider: OpenIdProvider) -> None:
    now = [0.0]
    client = ProviderClient(OidcSettings(provider.issuer, CLIENT, SECRET), lambda: now[0])
    for now[0] in (0, 599):
        await client.keys()
    assert provider.asked == [DISCOVERY, "/keys"]
    await client.keys(anew=True)
    await client.keys(anew=True)
    assert provider.asked == [DISCOVERY, "/keys", "/keys"]
    now[0] = 1200
    await client.keys()
    assert provider.asked == [DISCOVERY, "/keys", "/keys", DISCOVERY, "/keys"]
