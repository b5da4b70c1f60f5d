"""/signup and /profile: pages for people."""

from __future__ import annotations

import asyncio
from importlib.resources import files
from pathlib import Path

import falcon.asgi

from homeostat_api.http.answers.web_files import HTML, TYPES
from homeostat_api.http.rights import Door, needs

PAGES = Path(str(files("homeostat_contracts.vm_share").joinpath("pages")))
CAPTCHA = "https://www.google.com/recaptcha/"
_POLICY = (
    "default-src 'none'; script-src 'self'{more}; style-src 'self'; img-src 'self' data:; connect-src 'self'; {frames}"
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class LabPage:
    """A file of theirs. ``site_key``: what the page shows reCAPTCHA by."""

    def __init__(self, file: str, site_key: str | None = None) -> None:
        self._file, self._key = file, site_key

    @needs(Door.OPEN)
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        text = await asyncio.to_thread((PAGES / self._file).read_text)
        resp.content_type = HTML if self._file.endswith(".html") else TYPES[Path(self._file).suffix]
        resp.set_header("Cache-Control", "no-cache")
        resp.set_header("X-Content-Type-Options", "nosniff")
        more, frames = (f" {CAPTCHA} https://www.gstatic.com/recaptcha/", f"frame-src {CAPTCHA}; ") if self._key else ("", "")
        resp.set_header("Content-Security-Policy", _POLICY.format(more=more, frames=frames))
        resp.text = text.replace("<!-- reCAPTCHA -->", self._captcha())

    def _captcha(self) -> str:
        if self._key is None:
            return '<label>reCAPTCHA token <input id="captcha" autocomplete="off"></label>'
        return f'<div class="g-recaptcha" data-sitekey="{self._key}"></div><script src="{CAPTCHA}api.js" async defer></script>'
