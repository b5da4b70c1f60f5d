"""/api/v1/openapi and the page for people: what does not change while the server runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import falcon
import falcon.asgi
import yaml

from ..http.answers.web_files import WEB, answer_page
from ..http.media import dumps
from ..http.operations import Answer, operation
from ..http.rights import Door, Right, needs

HTML_TEXT = {"type": "string"}
# Scripts and styles are the page's own files alone: no name of a machine can run as code. A console is a page within this one.
FRONT_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; frame-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class MadeOnce:
    """What is made when somebody first asks for it, on a thread: to describe all routes takes half a second."""

    def __init__(self, make: Callable[[], bytes]) -> None:
        self._make = make
        self._made: asyncio.Future[bytes] | None = None

    async def get(self) -> bytes:
        if self._made is None:
            self._made = asyncio.ensure_future(asyncio.to_thread(self._make))
        return await asyncio.shield(self._made)


class OpenApi:
    def __init__(self, describe: Callable[[], dict[str, Any]]) -> None:
        """Takes what describes all routes, this one too. It is called when somebody first asks."""
        self._document = MadeOnce(lambda: dumps(describe()))

    @needs(Right.SEE)
    @operation("Get this document", "System", {200: Answer("OpenAPI 3.0.3.", {"type": "object", "additionalProperties": True})})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.content_type = falcon.MEDIA_JSON
        resp.data = await self._document.get()


class OpenApiYaml:
    """The document as YAML, for everybody."""

    def __init__(self, describe: Callable[[], dict[str, Any]]) -> None:
        self._document = MadeOnce(lambda: as_yaml(describe()))

    @needs(Door.OPEN)
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.content_type = "application/yaml"
        resp.data = await self._document.get()


def as_yaml(document: dict[str, Any]) -> bytes:
    """Returns an OpenAPI document as YAML."""
    written: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=130)
    return written.encode()


class FrontPage:
    """The page for people. Its parts are asked of this server alone."""

    @needs(Right.SEE)
    @operation("The page for people", "System", {200: Answer("It shows all there is.", HTML_TEXT, "text/html")})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await answer_page(resp, WEB / "page" / "index.html", FRONT_POLICY)
