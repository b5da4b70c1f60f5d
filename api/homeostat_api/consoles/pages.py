"""/console/{name} and /web/…: the page of a console, and what it needs. `make web` puts it into the package; without that a plain
page says so."""

from __future__ import annotations

import asyncio
import hashlib
from importlib.resources import files
from pathlib import Path

import falcon
import falcon.asgi

from ..gate import OPEN_FILES
from ..http.errors import Problem
from ..http.rights import Door, Right, needs
from ..http.routes import Route

WEB = Path(str(files("homeostat_api").joinpath("static", "web")))
POLICY = (
    "default-src 'none'; script-src 'self'; style-src {styles}; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
OWN_STYLES = "'self'"
HTML = "text/html; charset=utf-8"
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": HTML,
    ".txt": "text/plain; charset=utf-8",
}
NOT_BUILT = b"""<!doctype html>
<title>Console</title>
<p>The pages of this server are not built. On its host, in the clone of Homeostat: <code>make web</code> (it needs npm).
<p>Everything else works: <code>homeostat console NAME</code>, and the API at <a href="/api/v1/openapi">/api/v1</a>.
"""


class ConsolePage:
    """The page of one kind of console."""

    def __init__(self, file: str, styles: str = OWN_STYLES) -> None:
        self._page = WEB / "console" / file
        self._policy = POLICY.format(styles=styles)

    @needs(Right.SEE)
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, machine: str) -> None:
        built = await asyncio.to_thread(self._page.is_file)
        resp.content_type = HTML
        resp.set_header("Content-Security-Policy", self._policy)
        resp.set_header("Cache-Control", "no-cache")
        if built:
            resp.data = await asyncio.to_thread(self._page.read_bytes)
        else:
            resp.status, resp.data = falcon.HTTP_503, NOT_BUILT


class WebFile:
    @needs(Right.SEE)
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, file: str) -> None:
        await _answer(req, resp, file)


class OpenFile:
    """A file for everybody: the page to sign in with needs it."""

    def __init__(self, file: str) -> None:
        self._file = file

    @needs(Door.OPEN)
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await _answer(req, resp, self._file)


def page_routes() -> list[Route]:
    """Returns the routes of pages."""
    return [
        Route("/console/{machine}", ConsolePage("index.html")),
        # xterm.js makes its styles while it runs; scripts are ours alone here, too.
        Route("/console/{machine}/serial", ConsolePage("serial.html", "'self' 'unsafe-inline'")),
        *(Route(path, OpenFile(path.removeprefix("/web/"))) for path in sorted(OPEN_FILES)),
        Route("/web/{file:path}", WebFile()),
    ]


async def _answer(req: falcon.asgi.Request, resp: falcon.asgi.Response, file: str) -> None:
    content = await asyncio.to_thread(_read, file)
    if content is None:
        raise Problem(404, "not_found", "There is no such file", {"path": req.path[:256]})
    resp.content_type = _TYPES.get(Path(file).suffix, "application/octet-stream")
    resp.set_header("Cache-Control", "no-cache")
    resp.set_header("X-Content-Type-Options", "nosniff")
    resp.etag = tag = hashlib.sha256(content).hexdigest()[:32]
    if tag in map(str, req.if_none_match or ()):
        resp.status = falcon.HTTP_304
    else:
        resp.data = content


def _read(file: str) -> bytes | None:
    """Returns a file of the pages. None: there is no such one, or it is none of theirs."""
    try:
        path = (WEB / file).resolve(strict=True)
    except (OSError, ValueError):
        return None
    return path.read_bytes() if path.is_relative_to(WEB.resolve()) and path.is_file() else None
