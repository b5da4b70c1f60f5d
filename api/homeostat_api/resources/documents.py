"""/api/v1/openapi and the page for people: what does not change while the server runs."""

from __future__ import annotations

from typing import Any

import falcon
import falcon.asgi
import yaml

from ..http.media import dumps
from ..http.operations import Answer, operation
from ..http.rights import Door, Right, needs
from ..http.web_files import WEB, answer_page

HTML_TEXT = {"type": "string"}
# Scripts and styles are the page's own files alone: no name of a machine can run as code. A console is a page within this one.
FRONT_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; frame-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class OpenApi:
    def __init__(self) -> None:
        self._body = b""

    def publish(self, document: dict[str, Any]) -> None:
        """Publishes the document. It describes this route too, and so is made after all routes."""
        self._body = dumps(document)

    @needs(Right.SEE)
    @operation("Get this document", "System", {200: Answer("OpenAPI 3.0.3.", {"type": "object", "additionalProperties": True})})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.content_type = falcon.MEDIA_JSON
        resp.data = self._body


class OpenApiYaml:
    """The document as YAML, for everybody."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._body = as_yaml(document)

    @needs(Door.OPEN)
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.content_type = "application/yaml"
        resp.data = self._body


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
