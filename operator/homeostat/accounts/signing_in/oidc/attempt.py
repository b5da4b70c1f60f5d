"""OidcAttempt the provider who somebody is: what is sent with the browser, and what has to come back with it.

All that one attempt needs comes from one random text, which the browser keeps as a cookie. The state, the nonce and PKCE's
verifier are hashes of it, each for its purpose: who sees one of them, in an address or at the provider, learns none of the
others, and the server keeps nothing of whoever only began.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from urllib.parse import urlencode

from ...errors import ProviderRefused
from .provider import Provider
from .settings import OidcSettings

LIFETIME = 600  # seconds to sign in at the provider
PATH_MAX = 1024  # characters of the path to go to then
COOKIE_MAX = 2048

_COOKIE = re.compile(r"([0-9]{1,12})\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]*)")


@dataclass(frozen=True, slots=True)
class OidcAttempt:
    """One attempt. ``begun``: seconds since 1970. ``to``: the path of ours to go to then. ``back``: where the provider sends the
    browser back to."""

    settings: OidcSettings
    begun: int
    secret: str = field(repr=False)
    to: str
    back: str

    @classmethod
    def begin(cls, settings: OidcSettings, now: int, to: str, back: str) -> OidcAttempt:
        """Begins an attempt."""
        return cls(settings, now, secrets.token_urlsafe(32), to, back)

    @classmethod
    def recall(cls, settings: OidcSettings, cookie: str | None, back: str) -> OidcAttempt:
        """Returns the attempt that a browser's cookie tells of.

        Raises:
            ProviderRefused: it tells of none.
        """
        found = _COOKIE.fullmatch(cookie or "") if len(cookie or "") <= COOKIE_MAX else None
        try:
            # Padding beyond what is needed is passed over.
            to = base64.urlsafe_b64decode(found[3] + "==").decode("ascii") if found else ""
        except (binascii.Error, UnicodeDecodeError, ValueError):
            found = None
        if found is None or not is_own_path(to):
            raise ProviderRefused("this browser has not begun to sign in here, or it took longer than 10 minutes")
        return cls(settings, int(found[1]), found[2], to, back)

    @property
    def cookie(self) -> str:
        """Returns what the browser keeps of it."""
        return f"{self.begun}.{self.secret}.{_base64(self.to.encode('ascii'))}"

    @property
    def nonce(self) -> str:
        """Returns what the ID token has to hold."""
        return self._hash("nonce")

    @property
    def verifier(self) -> str:
        """Returns what proves that the code is asked for by whoever began (PKCE, RFC 7636)."""
        return self._hash("verifier")

    def address(self, provider: Provider) -> str:
        """Returns where the browser is sent."""
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self.back,
            "scope": " ".join(dict.fromkeys(("openid", *self.settings.scopes))),
            "state": self._hash("state"),
            "nonce": self.nonce,
            "code_challenge": _base64(hashlib.sha256(self.verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in provider.authorization else "?"
        return f"{provider.authorization}{joint}{urlencode(asked)}"

    def check(self, state: str | None, now: int) -> None:
        """Checks that what came back belongs to this attempt.

        Raises:
            ProviderRefused: it belongs to another one, or came too late.
        """
        if not hmac.compare_digest((state or "").encode("utf-8", "surrogatepass"), self._hash("state").encode()):
            raise ProviderRefused("what came back belongs to another attempt to sign in")
        if not 0 <= now - self.begun <= LIFETIME:
            raise ProviderRefused("signing in took longer than 10 minutes")

    def _hash(self, purpose: str) -> str:
        parts = (purpose, str(self.begun), self.to, self.back, self.settings.issuer, self.settings.client_id)
        return _base64(hmac.digest(self.secret.encode(), "\n".join(parts).encode("utf-8", "surrogatepass"), hashlib.sha256))


def is_own_path(to: str) -> bool:
    """Tells whether a text is a path of this server, whatever a browser takes for an address of another one."""
    return len(to) <= PATH_MAX and re.fullmatch(r"/(?![/\\])[!-\[\]-~]*", to) is not None


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
