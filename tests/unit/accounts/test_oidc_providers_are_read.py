"""What a provider tells of itself is used as far as it can be trusted, and refused with what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.accounts.errors import ProviderAway, ProviderRefused
from homeostat.accounts.signing_in.oidc.provider import ALGORITHMS, Provider
from homeostat.accounts.signing_in.oidc.settings import OidcSettings

ISSUER = "https://login.example"
SETTINGS = OidcSettings(ISSUER, "home stat", "s:cret")
TOLD = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/start",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
}
ALGS, WAYS = "id_token_signing_alg_values_supported", "token_endpoint_auth_methods_supported"
NAMES_ITSELF = "authorization_response_iss_parameter_supported"


def read(**told: Any) -> Provider:
    return Provider.of(TOLD | told, SETTINGS)


def test_one_that_says_no_more_than_it_must() -> None:
    assert read() == Provider(f"{ISSUER}/start", f"{ISSUER}/token", f"{ISSUER}/keys", ("RS256",), False, False)


@pytest.mark.parametrize("document", [None, [], "text", 3], ids=range(4))
def test_what_is_none(document: Any) -> None:
    with pytest.raises(ProviderAway, match="tells of no OpenID Connect provider"):
        Provider.of(document, SETTINGS)


@pytest.mark.parametrize(
    ("issuer", "named"),
    [(f"{ISSUER}/", f"{ISSUER}/"), ("https://evil.example", "https://evil.example"), (None, "nothing"), (7, "nothing"),
     ("x" * 300, "x" * 200)],
    ids=range(5),
)  # fmt: skip
def test_one_that_is_another(issuer: Any, named: str) -> None:
    with pytest.raises(ProviderAway) as refused:
        read(issuer=issuer)
    assert str(refused.value) == f"{ISSUER} calls itself {named}"


def test_only_algorithms_with_a_key_of_its_own() -> None:
    assert read(**{ALGS: ["none", "HS256", "ES256", "RS256", 3]}).algorithms == ("RS256", "ES256")
    assert read(**{ALGS: list(ALGORITHMS)}).algorithms == ALGORITHMS
    for told in (["none", "HS256"], [], None, "RS256"):
        with pytest.raises(ProviderAway, match="signs by none of RS256"):
            read(**{ALGS: told})


BASIC, POST = "client_secret_basic", "client_secret_post"


@pytest.mark.parametrize(
    ("ways", "in_body"),
    [([POST], True), ([BASIC, POST], False), ([BASIC], False), (["private_key_jwt"], False), ([], False), (POST, False),
     (None, False)],
    ids=range(7),
)  # fmt: skip
def test_where_it_takes_the_secret(ways: Any, in_body: bool) -> None:
    provider = read(**{WAYS: ways})
    assert provider.secret_in_body is in_body
    body = {"client_id": "home stat", "client_secret": "s:cret"}
    assert provider.proof(SETTINGS) == ((body, None) if in_body else ({}, ("home+stat", "s%3Acret")))


@pytest.mark.parametrize("way", [BASIC, POST])
def test_without_a_secret_it_is_told_who_asks(way: str) -> None:
    assert read(**{WAYS: [way]}).proof(OidcSettings(ISSUER, "homeostat")) == ({"client_id": "homeostat"}, None)


@pytest.mark.parametrize(("told", "itself"), [(True, True), (False, False), ("true", False), (1, False), (None, False)])
def test_whether_it_names_itself(told: Any, itself: bool) -> None:
    assert read(**{NAMES_ITSELF: told}).names_itself is itself


def test_what_comes_back_is_its_own() -> None:
    for itself in (True, False):
        provider = read(**{NAMES_ITSELF: itself})
        provider.check_issuer(ISSUER, SETTINGS)
        for other in ("", f"{ISSUER}/", "https://evil.example"):
            with pytest.raises(ProviderRefused, match="another provider's"):
                provider.check_issuer(other, SETTINGS)
    read().check_issuer(None, SETTINGS)
    with pytest.raises(ProviderRefused, match="another provider's"):
        read(**{NAMES_ITSELF: True}).check_issuer(None, SETTINGS)


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_parts_that_may_not_be_asked(name: str) -> None:
    for url in (None, 7, "", "http://login.example/x", "http://127.0.0.1/x", "https://u@login.example/x"):
        with pytest.raises(ProviderAway, match=f"{ISSUER} tells a {name} that "):
            read(**{name: url})


def test_one_on_this_host_may_do_without_https_on_it() -> None:
    here = "http://127.0.0.1:8080"
    told = {"issuer": here, "authorization_endpoint": f"{here}/a", "token_endpoint": f"{here}/t", "jwks_uri": f"{here}/k"}
    assert Provider.of(told, OidcSettings(here, "homeostat")).token == f"{here}/t"
    with pytest.raises(ProviderAway, match="token_endpoint"):
        Provider.of(told | {"token_endpoint": "http://login.example/t"}, OidcSettings(here, "homeostat"))
