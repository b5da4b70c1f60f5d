"""What a provider answers for a code is a token, a refusal of the code, or no answer of a provider: each is told apart."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.accounts.errors import ProviderAway, ProviderRefused
from homeostat.accounts.signing_in.oidc.provider import TOKEN_MAX, Tokens
from homeostat.accounts.signing_in.oidc.settings import OidcSettings

ISSUER = "https://login.example"
SETTINGS = OidcSettings(ISSUER, "homeostat")


def read(status: int, document: Any) -> Tokens:
    return Tokens.of(status, document, SETTINGS)


def test_tokens() -> None:
    assert read(200, {"id_token": "id", "access_token": "access"}) == Tokens("id", "access")
    assert read(200, {"id_token": "id", "access_token": 7}) == read(200, {"id_token": "id"}) == Tokens("id", None)
    assert read(200, {"id_token": "x" * TOKEN_MAX, "error": "ignored"}).access_token is None


def test_they_are_shown_to_nobody() -> None:
    shown = repr(read(200, {"id_token": "first", "access_token": "second"}))
    assert "first" not in shown and "second" not in shown


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_code_that_is_not_good(status: int) -> None:
    with pytest.raises(ProviderRefused) as refused:
        read(status, {"error": "invalid_grant\n" + "x" * 200, "id_token": "id"})
    assert str(refused.value).startswith("the provider gives nothing for the code: invalid_grant")
    assert "\n" not in str(refused.value) and str(refused.value).count("x") == 100 - len("invalid_grant\n")


def test_a_server_that_it_does_not_know() -> None:
    with pytest.raises(ProviderAway, match="invalid_client") as refused:
        read(401, {"error": "invalid_client"})
    assert "client-secret-file" in refused.value.mend


NONE = [
    (500, {"error": "invalid_grant"}),
    (404, {"error": "invalid_grant"}),
    (400, {"error": 7}),
    (400, {}),
    (201, {"id_token": "id"}),
    (500, {"id_token": "id"}),
    (200, {}),
    (200, {"error": "invalid_grant"}),
    (200, {"id_token": 7}),
    (200, {"id_token": "x" * (TOKEN_MAX + 1)}),
    (200, None),
    (200, ["id_token"]),
]


@pytest.mark.parametrize(("status", "document"), NONE, ids=range(len(NONE)))
def test_what_is_no_answer_of_a_provider(status: int, document: Any) -> None:
    with pytest.raises(ProviderAway) as refused:
        read(status, document)
    assert str(refused.value) == f"{ISSUER} answers for a code with {status}, and no ID token"
