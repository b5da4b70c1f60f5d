"""What a provider tells of itself (OpenID Connect Discovery), as far as it is used, and what it answers for a code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from homeostat.models.outside import one_line

from ...errors import ProviderAway, ProviderRefused
from .settings import OidcSettings, checked_url

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""By which an ID token may be signed: with a key that only the provider has. Neither ``none`` nor what the client's secret
signs is among them."""
TOKEN_MAX = 65_536  # characters of an ID token; one with many groups has a few thousand


@dataclass(frozen=True, slots=True)
class Provider:
    """Where a provider is asked for what, and how it signs."""

    authorization: str
    token: str
    keys: str
    algorithms: tuple[str, ...]
    secret_in_body: bool  # it takes the client's secret in no header
    names_itself: bool  # what comes back with the browser says whose it is (RFC 9207)

    @classmethod
    def of(cls, document: Any, settings: OidcSettings) -> Provider:
        """Reads what a provider tells of itself.

        Raises:
            ProviderAway: it is another one, or no provider that can be used.
        """
        if not isinstance(document, Mapping):
            raise ProviderAway(f"{settings.issuer} tells of no OpenID Connect provider")
        if (issuer := document.get("issuer")) != settings.issuer:
            named = one_line(issuer[:200]) if isinstance(issuer, str) else "nothing"
            raise ProviderAway(
                f"{settings.issuer} calls itself {named}", "write [accounts.oidc] issuer exactly so, if it is that"
            )
        told = document.get("id_token_signing_alg_values_supported", ["RS256"])
        algorithms = tuple(name for name in ALGORITHMS if isinstance(told, list) and name in told)
        if not algorithms:
            raise ProviderAway(f"{settings.issuer} signs by none of {', '.join(ALGORITHMS)}", "let it sign by RS256")
        ways = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        by_body = isinstance(ways, list) and "client_secret_post" in ways and "client_secret_basic" not in ways
        return cls(
            _endpoint(document, "authorization_endpoint", settings),
            _endpoint(document, "token_endpoint", settings),
            _endpoint(document, "jwks_uri", settings),
            algorithms,
            by_body,
            document.get("authorization_response_iss_parameter_supported") is True,
        )

    def check_issuer(self, told: str | None, settings: OidcSettings) -> None:
        """Checks that what came back with the browser is this provider's, as far as it says whose it is.

        Raises:
            ProviderRefused: it is another one's.
        """
        if (told is not None or self.names_itself) and told != settings.issuer:
            raise ProviderRefused("what came back is another provider's")

    def proof(self, settings: OidcSettings) -> tuple[Mapping[str, str], tuple[str, str] | None]:
        """Returns what shows who asks for a token: fields of the body, and a name and password for the header."""
        named = {"client_id": settings.client_id}
        if settings.client_secret is None:
            return named, None
        if self.secret_in_body:
            return {**named, "client_secret": settings.client_secret}, None
        return {}, (quote_plus(settings.client_id), quote_plus(settings.client_secret))  # RFC 6749, 2.3.1


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a provider answers for a code."""

    id_token: str = field(repr=False)
    access_token: str | None = field(repr=False)

    @classmethod
    def of(cls, status: int, document: Any, settings: OidcSettings) -> Tokens:
        """Reads an answer.

        Raises:
            ProviderRefused: the code is not good, or no more.
            ProviderAway: it is no answer of a provider.
        """
        found = document if isinstance(document, Mapping) else {}
        if status in (400, 401, 403) and isinstance(error := found.get("error"), str):
            if error == "invalid_client":
                mend = "check [accounts.oidc] client-id and client-secret-file"
                raise ProviderAway(f"{settings.issuer} does not know this server (invalid_client)", mend)
            raise ProviderRefused(f"the provider gives nothing for the code: {one_line(error[:100])}")
        token, access = found.get("id_token"), found.get("access_token")
        if status != 200 or not isinstance(token, str) or len(token) > TOKEN_MAX:
            raise ProviderAway(f"{settings.issuer} answers for a code with {status}, and no ID token")
        return cls(token, access if isinstance(access, str) else None)


def _endpoint(document: Mapping[str, Any], name: str, settings: OidcSettings) -> str:
    url = document.get(name)
    try:
        # Only a provider on this host, which is asked by http, may do without https elsewhere too.
        return checked_url(url if isinstance(url, str) else "", loopback=settings.issuer.startswith("http:"))
    except ValueError as error:
        raise ProviderAway(f"{settings.issuer} tells a {name} that {error}") from None
