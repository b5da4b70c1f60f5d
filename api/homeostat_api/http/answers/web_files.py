"""Files of the pages that browsers are served, which `make web` puts into the package; without them a plain page says so."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Collection
from importlib.resources import files
from pathlib import Path

import falcon
import falcon.asgi

from ..errors import Problem
from ..rights import Door, Right, needs
from .compressed import takes_gzip

WEB = Path(str(files("homeostat_api").joinpath("static", "web")))
POLICY = (
    "default-src 'none'; script-src 'self'; style-src {styles}; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
OWN_STYLES = "'self'"
HTML = "text/html; charset=utf-8"
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": HTML,
    ".txt": "text/plain; charset=utf-8",
}
HASHED = re.compile(r"part-[A-Z0-9]{8}\.js")  # names by what is in them, as web/build.mjs gives them
FOR_EVER = "private, max-age=31536000, immutable"  # private: whoever else shares a cache may have no right to look
NOT_BUILT = b"""<!doctype html>
<title>Homeostat</title>
<p>The pages of this server are not built. On its host, in the clone of Homeostat: <code>make web</code> (it needs npm).
<p>Everything else works: <code>homeostat get vms</code>, <code>homeostat console NAME</code>,
  and the API at <a href="/api/v1/openapi">/api/v1</a>.
"""


class WebFile:
    """A file of the pages, for whoever may look at machines."""

    @needs(Right.SEE)
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, file: str) -> None:
        await answer_file(req, resp, file)


class OpenFile:
    """A file for everybody: a page that lets somebody sign in needs it, say."""

    def __init__(self, file: str) -> None:
        self._file = file

    @needs(Door.OPEN)
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await answer_file(req, resp, self._file)


class ViewerPage:
    """The page that shows a screen over a WebSocket of RFB alone. ``framed_by``: origins whose pages may show it in a frame."""

    def __init__(self, framed_by: Collection[str] = ()) -> None:
        self._policy = POLICY.format(styles="'self' 'unsafe-inline'").replace(  # noVNC sets styles of what it draws on
            "frame-ancestors 'none'", f"frame-ancestors 'self' {' '.join(sorted(framed_by))}".rstrip()
        )

    @needs(Right.SEE)
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.context.framed = True
        await answer_page(resp, WEB / "viewer" / "index.html", self._policy)


async def answer_page(resp: falcon.asgi.Response, page: Path, policy: str) -> None:
    """Answers with a page; 503: it is not built."""
    built = await asyncio.to_thread(page.is_file)
    resp.content_type = HTML
    resp.set_header("Content-Security-Policy", policy)
    resp.set_header("Cache-Control", "no-cache")
    if built:
        resp.data = await asyncio.to_thread(page.read_bytes)
    else:
        resp.status, resp.data = falcon.HTTP_503, NOT_BUILT


async def answer_file(req: falcon.asgi.Request, resp: falcon.asgi.Response, file: str) -> None:
    """Answers with a file of the pages, by gzip where it was built so and the client takes that: each form has a tag of its own.

    Raises:
        Problem: 404, there is none.
    """
    packed = await asyncio.to_thread(_read, f"{file}.gz") if takes_gzip(req) else None
    content = packed if packed is not None else await asyncio.to_thread(_read, file)
    if content is None:
        raise Problem(404, "not_found", "There is no such file", {"path": req.path[:256]})
    resp.content_type = TYPES.get(Path(file).suffix, "application/octet-stream")
    resp.set_header("Cache-Control", FOR_EVER if HASHED.fullmatch(Path(file).name) else "no-cache")
    resp.set_header("X-Content-Type-Options", "nosniff")
    resp.set_header("Vary", "Accept-Encoding")
    if packed is not None:
        resp.set_header("Content-Encoding", "gzip")
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
