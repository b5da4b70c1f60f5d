"""TLS: the certificate and the key that we serve with, read again when they change. Connections that are open go on. That the
certificate ends is said in time."""

from __future__ import annotations

import asyncio
import logging
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from homeostat.driver.storage.secret import exposed

from ..config import ConfigError

log = logging.getLogger("homeostat.api")

LOOK_SECONDS = 5.0
"""Seconds between two looks whether the files have changed. Who renews a certificate does so days before it ends."""
SOON = timedelta(days=7)
"""How long before a certificate ends somebody learns that it was not renewed."""


class Certificate:
    """A certificate, with the chain up to its authority, and its key, both as PEM."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Reads both.

        Raises:
            ConfigError: they cannot serve.
        """
        self._files = (certificate, key)
        self._stamps = self._look()
        self._trouble = ""  # what was said last of files that cannot serve
        self._ends: datetime | None = None  # None: not known
        self._end_said = ""  # what was said last of its end
        self.context = self._made()

    def keep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Renews it for as long as the loop runs."""
        self.warn(datetime.now(UTC))
        loop.call_later(LOOK_SECONDS, self._keep, loop)

    def _keep(self, loop: asyncio.AbstractEventLoop) -> None:
        self.renew()
        self.keep(loop)

    def renew(self) -> None:
        """Reads the files again where they have changed. Where they cannot serve, as in the middle of a renewal, what was read
        before stays, and why is said once."""
        try:
            stamps = self._look()
            if stamps == self._stamps:
                self._trouble = ""
                return
            self._made()  # first into a context that nobody uses
            self._load(self.context)
        except (ConfigError, OSError) as error:
            if str(error) != self._trouble:
                log.warning("the certificate was not renewed: %s", error)
            self._trouble = str(error)
        else:
            self._stamps, self._trouble = stamps, ""
            log.warning("the certificate %s was renewed", self._files[0])

    def warn(self, now: datetime) -> None:
        """Logs once that the certificate ends soon, and once that it has ended. It is served all the same: clients decide."""
        if self._ends is None or now < self._ends - SOON:
            return
        verb, then = ("ends", "renew it") if now < self._ends else ("ended", "clients refuse it: renew it")
        said = f"the certificate {self._files[0]} {verb} on {self._ends:%Y-%m-%dT%H:%M:%SZ}; {then}"
        if said != self._end_said:
            log.warning("%s", said)
        self._end_said = said

    def _made(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)  # TLS 1.2 at least
        context.set_alpn_protocols(["http/1.1"])
        self._load(context)
        return context

    def _load(self, context: ssl.SSLContext) -> None:
        certificate, key = self._files
        try:
            context.load_cert_chain(certificate, key, password=_no_password)
        except ssl.SSLError as error:
            why = (
                f"the key {key} does not belong to it"
                if error.reason == "KEY_VALUES_MISMATCH"
                else f"it, or the key {key}, cannot be read: {_words(error)}"
            )
            raise ConfigError(f"--tls-certificate {certificate}: {why}. Give a certificate and its key, both PEM") from error
        self._ends = _end_of(certificate)

    def _look(self) -> tuple[tuple[int, int, int], ...]:
        """Returns what changes with the files.

        Raises:
            ConfigError: one is not there, or others can read the key.
        """
        stamps = []
        for option, path in zip(("--tls-certificate", "--tls-key"), self._files, strict=True):
            try:
                found = path.stat()
                with path.open("rb"):
                    pass
            except OSError as error:
                raise ConfigError(f"{option} {path}: cannot be read: {error.strerror}. Name a file in PEM form") from error
            stamps.append((found.st_mtime_ns, found.st_size, found.st_ino))
        key = self._files[1]
        if why := exposed(found):
            raise ConfigError(f"--tls-key {key}: {why}: chmod 600 {key}")
        return tuple(stamps)


def certificate_of(certificate: Path | None, key: Path | None) -> Certificate | None:
    """Returns the certificate to serve with. None: TLS is off.

    Raises:
        ConfigError: it cannot serve, or one of both is missing.
    """
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise ConfigError("--tls-certificate and --tls-key go together: give both, or none")
    return Certificate(certificate, key)


def _end_of(certificate: Path) -> datetime | None:
    """Returns when a certificate ends: the first of its file, as the others are its authorities'. None: that cannot be read."""
    # Late: only who serves https needs it.
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(certificate.read_bytes())[0].not_valid_after_utc
    except ValueError:
        return None


def _no_password() -> str:
    """Stands for a password, so that OpenSSL does not ask the terminal for one."""
    raise ConfigError("--tls-key: the key has a password. Give a key without one, in a file of mode 0600")


def _words(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).replace("_", " ").lower()
