"""The browser is sent to the provider with all that it is asked, and back to a path of this server only."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from homeostat.accounts.signing_in.oidc.attempt import PATH_MAX, OidcAttempt, is_own_path
from homeostat.accounts.signing_in.oidc.provider import Provider
from homeostat.accounts.signing_in.oidc.settings import OidcSettings

START, BACK = "https://login.example/start", "https://vm.example/back"
PROVIDER = Provider(START, "https://login.example/token", "https://login.example/keys", (), False, False)
ATTEMPT = OidcAttempt(OidcSettings("https://login.example", "home stat"), 1000, "s" * 43, "/disks", BACK)


def test_what_is_asked() -> None:
    address = urlsplit(ATTEMPT.address(PROVIDER))
    asked = {name: value for name, [value] in parse_qs(address.query, strict_parsing=True).items()}
    challenge = base64.urlsafe_b64encode(hashlib.sha256(ATTEMPT.verifier.encode()).digest()).decode().rstrip("=")
    assert f"{address.scheme}://{address.netloc}{address.path}" == START
    assert len(asked.pop("state")) == 43
    assert asked == {
        "response_type": "code",
        "client_id": "home stat",
        "redirect_uri": BACK,
        "scope": "openid profile email",
        "nonce": ATTEMPT.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }


def test_no_hash_says_another_or_the_secret() -> None:
    state = parse_qs(urlsplit(ATTEMPT.address(PROVIDER)).query)["state"][0]
    assert len({state, ATTEMPT.nonce, ATTEMPT.verifier, ATTEMPT.secret}) == 4


def test_scopes_are_asked_once() -> None:
    settings = replace(ATTEMPT.settings, scopes=("groups", "openid", "groups"))
    assert "&scope=openid+groups&" in replace(ATTEMPT, settings=settings).address(PROVIDER)


def test_a_provider_whose_address_asks_already() -> None:
    told = replace(PROVIDER, authorization=f"{START}?realm=home")
    assert ATTEMPT.address(told) == ATTEMPT.address(PROVIDER).replace("?", "?realm=home&")


@pytest.mark.parametrize("to", ["/", "/disks", "/a?b=c#d", "/a//b", "/!~[]", "/" + "x" * (PATH_MAX - 1)], ids=range(6))
def test_paths_of_ours(to: str) -> None:
    assert is_own_path(to)


ELSEWHERE = [
    "",
    "disks",
    "//evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "https://evil.example",
    "/a b",
    "/a\\b",
    "/\t/x",
    "/a\n",
]
ELSEWHERE += ["/ä", "/\ud800", "/\x7f", "/" + "x" * PATH_MAX]


@pytest.mark.parametrize("to", ELSEWHERE, ids=range(len(ELSEWHERE)))
def test_what_may_lead_elsewhere(to: str) -> None:
    assert not is_own_path(to)
