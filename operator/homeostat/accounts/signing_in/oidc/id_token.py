"""The ID token: what the provider says of whoever signed in there, believed only as far as OpenID Connect Core 3.1.3.7 goes.

What a token says of its own algorithm decides nothing: it must be one that the provider announces, with a key that it publishes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError, ExpiredTokenError, InvalidClaimError, InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, KeySet
from joserfc.jws import JWSRegistry

from ...errors import ProviderAway, ProviderRefused, UnknownKey
from .person import Person
from .provider import Provider, Tokens
from .settings import OidcSettings

LEEWAY = 60  # seconds by which clocks may differ
KEYS_MAX = 100
OF_TIME = ("iat", "nbf")  # claims that are wrong where a token is of the future

# What texts from elsewhere can end a parser with.
_ODD = (JoseError, ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError)


def verified(tokens: Tokens, keys: Any, provider: Provider, settings: OidcSettings, nonce: str, now: datetime) -> Person:
    """Returns whom a token names. ``keys``: what the provider publishes (JWKS).

    Raises:
        ProviderRefused: it is not the provider's, not for us, not of this attempt, or expired.
        UnknownKey: it may be the provider's, by a newer key.
        ProviderAway: it publishes no keys.
    """
    registry = JWSRegistry(algorithms=list(provider.algorithms), strict_check_header=False)
    published = _key_set(keys, settings)
    try:
        token = jwt.decode(tokens.id_token, key=published, registry=registry)
    except (InvalidKeyIdError, BadSignatureError) as error:  # some providers give a new key the old one's name
        raise UnknownKey("the ID token is signed by none of the provider's keys") from error
    except _ODD as error:
        raise ProviderRefused(f"the ID token is not signed as the provider signs ({type(error).__name__})") from error
    expected: dict[str, Any] = {
        "iss": {"essential": True, "value": settings.issuer},
        "aud": {"essential": True, "value": settings.client_id},
        "nonce": {"essential": True, "value": nonce},
    }
    known = {"nonce": nonce, "client_id": settings.client_id, "access_token": tokens.access_token}
    try:
        claims = CodeIDToken(token.claims, token.header, expected, known)
        claims.validate(int(now.timestamp()), LEEWAY)
        subject = claims["sub"]
    except _ODD as error:
        raise ProviderRefused(f"the ID token is not for this attempt: {_wrong(error)}") from error
    return Person(settings.issuer, subject, dict(claims))


def _key_set(keys: Any, settings: OidcSettings) -> KeySet:
    """Returns the published keys. One that is not understood keeps no other from being used."""
    given = keys.get("keys") if isinstance(keys, Mapping) else None
    found = []
    for each in given[:KEYS_MAX] if isinstance(given, list) else []:
        try:
            key = JWKRegistry.import_key(each)
            key.ensure_kid()
        except _ODD:
            continue
        found.append(key)
    if not found:
        raise ProviderAway(f"{settings.issuer} publishes no keys that can be used")
    return KeySet(found)


def _wrong(error: BaseException) -> str:
    """Names the claim that is wrong, where one is, and nothing that the token says."""
    claim = getattr(error, "claim", None) or getattr(error, "claim_name", None)
    what = {"ExpiredTokenError": "it has expired", "MissingClaimError": "a claim is missing"}.get(type(error).__name__)
    said = " ".join(filter(None, (what or "a claim is wrong", f"({claim})" if isinstance(claim, str) else "")))
    timely = isinstance(error, ExpiredTokenError) or (isinstance(error, InvalidClaimError) and claim in OF_TIME)
    return f"{said}; or a clock is wrong, here or there" if timely else said
