"""Other servers that are asked: whoever verifies reCAPTCHA's answers, and where feedback goes."""

from __future__ import annotations

import asyncio
import html
import logging
from collections.abc import Mapping
from pathlib import Path

import httpx

from homeostat.cli.configuration.sections import VmShareSection

from .errors import bad, failed

log = logging.getLogger("homeostat.api")

GOOGLE = "https://www.google.com/recaptcha/api/siteverify"
PATIENCE = 10.0  # seconds for an answer


class Recaptcha:
    """Tells people from programs, as far as it does."""

    def __init__(self, settings: VmShareSection) -> None:
        self._url = settings.recaptcha_url or GOOGLE
        self._file = settings.recaptcha_secret_file

    async def check(self, shown: str | None, address: str) -> None:
        """Checks what reCAPTCHA gave somebody.

        Raises:
            Problem: 400, it is missing, or not good; 500, nobody can say.
        """
        if self._file is None:
            raise bad("reCAPTCHA is not configured: an administrator has to set [contracts.vm-share] recaptcha-secret-file")
        if not shown:
            raise bad("reCAPTCHA token is missing")
        asked = {"secret": await _secret(self._file), "response": shown, "remoteip": address}
        try:
            async with httpx.AsyncClient(timeout=PATIENCE) as client:
                found = (await client.post(self._url, data=asked)).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            log.error("reCAPTCHA cannot be verified at %s: %s", self._url, error)
            raise failed("reCAPTCHA cannot be verified now: try again later") from error
        if not isinstance(found, Mapping) or found.get("success") is not True:
            raise bad("reCAPTCHA verification failed")


class Feedback:
    """Passes on what people write."""

    def __init__(self, settings: VmShareSection) -> None:
        self._url = settings.feedback_url
        self._fields = settings.feedback_fields or {}

    async def send(self, login: str, text: str) -> None:
        """Sends it on, as HTML in which nothing that was written is markup.

        Raises:
            Problem: 400, it goes nowhere; 500, it could not be sent.
        """
        if self._url is None:
            raise bad("Feedback goes nowhere: an administrator has to set [contracts.vm-share] feedback-url")
        message = f"<b>{html.escape(login)}</b>: {html.escape(text)}"
        try:
            async with httpx.AsyncClient(timeout=PATIENCE) as client:
                (await client.post(self._url, json={**self._fields, "text": message})).raise_for_status()
        except httpx.HTTPError as error:
            log.error("feedback of %s was not taken: %s", login, type(error).__name__)  # its text may tell the address' secret
            raise failed("The feedback could not be passed on: try again later") from error


async def _secret(file: Path) -> str:
    try:
        return (await asyncio.to_thread(file.read_text)).strip()
    except (OSError, UnicodeDecodeError) as error:
        log.error("recaptcha-secret-file %s cannot be read: %s", file, error)
        raise failed("reCAPTCHA cannot be verified: an administrator has to look at recaptcha-secret-file") from error
