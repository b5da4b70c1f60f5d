"""What is configured of the provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from homeostat.models.loopback import is_loopback

from ...rights import Role

ISSUER_MAX = 255  # characters, as the column has them
SCOPES = ("profile", "email")  # beside openid
CALLBACK = "/api/v1/session/oidc/callback"
USERNAME = "preferred_username"


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """One provider, and what its word counts for here."""

    issuer: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)  # None: a public client, which proves itself by PKCE alone
    scopes: tuple[str, ...] = SCOPES
    username_claim: str = USERNAME
    create: bool = False  # make an account for whoever has none
    email_domains: frozenset[str] = frozenset()  # only for whoever has an address there; empty: for everybody
    role_claim: str | None = None  # None: roles are given here
    roles: Mapping[str, Role] = field(default_factory=dict)
    redirect_uri: str | None = None  # None: as the browser calls this server

    def role_of(self, claims: Mapping[str, Any]) -> Role | None:
        """Returns the highest role that the claims give; that of a user where they give none. None: they do not decide."""
        if self.role_claim is None:
            return None
        given = claims.get(self.role_claim)
        named = [given] if isinstance(given, str) else given if isinstance(given, list) else []
        ranks = list(Role)
        found = [self.roles[name] for name in named if isinstance(name, str) and name in self.roles]
        return max(found, key=ranks.index, default=Role.USER)

    def takes(self, claims: Mapping[str, Any]) -> bool:
        """Tells whether an account may be made for somebody, by the domain of his e-mail address. One that the provider has not
        verified counts for nothing: anybody could have written it there."""
        if not self.email_domains:
            return True
        email = claims.get("email")
        if not isinstance(email, str) or claims.get("email_verified") is not True:
            return False
        who, _, domain = email.partition("@")
        return who != "" and domain.lower() in self.email_domains


def checked_url(url: str, *, loopback: bool = True) -> str:
    """Returns the address of a provider, or of a part of it. What it answers lets people in, so nobody may be in between: it is
    https. ``loopback``: http will do on this host.

    Raises:
        ValueError: it is none that may be asked.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("is no address") from None
    if not url.isascii() or not url.isprintable() or " " in url or not host:
        raise ValueError("is no address: write https://HOST/…")
    if parts.username is not None:  # "" beside a password alone
        raise ValueError("names a user or a password: leave them out")
    if parts.fragment:
        raise ValueError("has a fragment (#…): leave it out")
    if parts.scheme != "https" and not (loopback and parts.scheme == "http" and is_loopback(host)):
        raise ValueError("is not https, which only a provider on this host may do without")
    return url
