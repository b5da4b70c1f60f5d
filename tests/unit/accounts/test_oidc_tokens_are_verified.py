"""An ID token names somebody only where the provider signed it, for us, in this attempt, and it holds."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from joserfc.jws import JWSRegistry

from homeostat.accounts.errors import ProviderAway, ProviderRefused, UnknownKey
from homeostat.accounts.signing_in.oidc.id_token import KEYS_MAX, LEEWAY, verified
from homeostat.accounts.signing_in.oidc.person import Person
from homeostat.accounts.signing_in.oidc.provider import Provider, Tokens
from homeostat.accounts.signing_in.oidc.settings import OidcSettings

ISSUER, NOW, EXPIRES = "https://login.example", 1_800_000_000, 1_800_000_300
SETTINGS = OidcSettings(ISSUER, "homeostat")
PROVIDER = Provider(f"{ISSUER}/start", f"{ISSUER}/token", f"{ISSUER}/keys", ("ES256",), False, False)
KEY = ECKey.generate_key("P-256", {"kid": "k1"})
CLAIMS = {"iss": ISSUER, "aud": "homeostat", "sub": "bob", "nonce": "n", "iat": NOW, "exp": EXPIRES}


def published(*keys: Any) -> dict[str, Any]:
    return {"keys": [*keys, KEY.as_dict(private=False)]}


def signed(key: Any = KEY, kid: str | None = "k1", algorithm: str = "ES256", **claims: Any) -> str:
    said = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    header = {"alg": algorithm} | ({} if kid is None else {"kid": kid})
    return jwt.encode(header, said, key, algorithms=[algorithm])


def read(token: str, keys: Any = None, access: str | None = None, provider: Provider = PROVIDER, at: float = NOW) -> Person:
    given = published() if keys is None else keys
    return verified(Tokens(token, access), given, provider, SETTINGS, "n", datetime.fromtimestamp(at, UTC))


def test_whom_it_names() -> None:
    assert read(signed(groups=["ops"])) == Person(ISSUER, "bob", {**CLAIMS, "groups": ["ops"]})


def test_what_it_says_is_shown_to_nobody() -> None:
    assert "ops" not in repr(read(signed(groups=["ops"])))


@pytest.mark.parametrize(
    ("claims", "why"),
    [({"iss": f"{ISSUER}/"}, "a claim is wrong (iss)"), ({"aud": "other"}, "a claim is wrong (aud)"),
     ({"nonce": "m"}, "a claim is wrong (nonce)"), ({"iss": None}, "a claim is missing (iss)"),
     ({"aud": None}, "a claim is missing (aud)"), ({"nonce": None}, "a claim is missing (nonce)"),
     ({"sub": None}, "a claim is missing (sub)"), ({"exp": None}, "a claim is missing (exp)"),
     ({"exp": "soon"}, "a claim is wrong (exp)"), ({"azp": "other"}, "a claim is wrong (azp)"),
     ({"exp": NOW - LEEWAY - 1}, "it has expired")],
    ids=range(11),
)  # fmt: skip
def test_what_is_not_of_this_attempt(claims: dict[str, Any], why: str) -> None:
    with pytest.raises(ProviderRefused) as refused:
        read(signed(**claims))
    assert str(refused.value).startswith(f"the ID token is not for this attempt: {why}")


@pytest.mark.parametrize("wrong", [{"exp": NOW - LEEWAY - 1}, {"iat": NOW + LEEWAY + 1}, {"nbf": NOW + LEEWAY + 1}], ids=range(3))
def test_a_clock_that_is_wrong_is_thought_of(wrong: dict[str, int]) -> None:
    with pytest.raises(ProviderRefused, match="; or a clock is wrong, here or there"):
        read(signed(**wrong))
    with pytest.raises(ProviderRefused) as refused:
        read(signed(nonce="m"))
    assert "clock" not in str(refused.value)


def test_a_header_that_nobody_knows_changes_nothing() -> None:
    registry = JWSRegistry(algorithms=["ES256"], strict_check_header=False)
    token = jwt.encode({"alg": "ES256", "kid": "k1", "x-home": 1}, CLAIMS, KEY, registry=registry)
    assert read(token).subject == "bob"


def test_clocks_may_differ_by_a_minute() -> None:
    assert read(signed(), at=EXPIRES + LEEWAY - 1).subject == "bob"
    assert read(signed(), at=NOW - LEEWAY).subject == "bob"
    with pytest.raises(ProviderRefused, match="expired"):
        read(signed(), at=EXPIRES + LEEWAY + 1)


def test_an_access_token_beside_it_is_the_one_that_it_was_made_with() -> None:
    good = base64.urlsafe_b64encode(hashlib.sha256(b"access").digest()[:16]).decode().rstrip("=")
    assert read(signed(at_hash=good), access="access").subject == "bob"
    with pytest.raises(ProviderRefused, match="at_hash"):
        read(signed(at_hash=good), access="another")


OTHER = ECKey.generate_key("P-256", {"kid": "k2"})


def test_a_key_without_a_name_is_called_by_its_thumbprint() -> None:
    unnamed = {name: value for name, value in OTHER.as_dict(private=False).items() if name != "kid"}
    assert read(signed(OTHER, OTHER.thumbprint()), published(unnamed)).subject == "bob"
    assert read(signed(OTHER, None), {"keys": [unnamed]}).subject == "bob"


def test_a_key_that_is_not_published_may_be_newer() -> None:
    with pytest.raises(UnknownKey, match="none of the provider's keys"):
        read(signed(OTHER, "k2"))
    assert read(signed(OTHER, "k2"), published(OTHER.as_dict(private=False))).subject == "bob"


FORGED = {
    "by a secret": lambda: signed(OctKey.import_key("s" * 32), algorithm="HS256"),
    "by an algorithm that is not told": lambda: signed(ECKey.generate_key("P-384"), algorithm="ES384"),
    "text": lambda: "a.b.c",
    "empty": lambda: "",
}


@pytest.mark.parametrize("forgery", FORGED)
def test_what_it_did_not_sign(forgery: str) -> None:
    with pytest.raises(ProviderRefused, match="the ID token is not signed as the provider signs") as refused:
        read(FORGED[forgery]())
    assert not isinstance(refused.value, UnknownKey)


MISSIGNED = {
    "by another key": lambda: signed(OTHER),
    "by nobody": lambda: signed().rsplit(".", 1)[0] + ".",
    "changed": lambda: ".".join([signed().split(".")[0], signed(sub="root").split(".")[1], signed().split(".")[2]]),
}


@pytest.mark.parametrize("forgery", MISSIGNED)
def test_what_its_key_of_that_name_did_not_sign_a_newer_one_may_have(forgery: str) -> None:
    with pytest.raises(UnknownKey, match="none of the provider's keys"):
        read(MISSIGNED[forgery]())


@pytest.mark.parametrize(
    "keys", [[], {}, {"keys": None}, {"keys": []}, {"keys": {}}, {"keys": ["x", 3, {"kty": "EC"}]}], ids=range(6)
)
def test_one_that_publishes_no_keys(keys: Any) -> None:
    with pytest.raises(ProviderAway, match=f"{ISSUER} publishes no keys that can be used"):
        read(signed(), keys)


def test_a_key_that_is_not_understood_keeps_no_other_from_being_used() -> None:
    odd = [None, "x", {"kty": "new"}, {"kty": "EC", "crv": "P-256"}]
    assert read(signed(), published(*odd)).subject == "bob"


def test_no_more_keys_than_so_many_are_read() -> None:
    assert read(signed(), published(*[{}] * (KEYS_MAX - 1))).subject == "bob"
    with pytest.raises(ProviderAway):
        read(signed(), published(*[{}] * KEYS_MAX))
