"""/api/v1/openapi and the status page: what does not change while the server runs."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import Any

import falcon
import falcon.asgi
import yaml

from ..http.media import dumps
from ..http.operations import Answer, operation
from ..http.rights import Door, Right, needs

PAGE = files("homeostat_api").joinpath("static", "index.html")
# The page's own script and style are allowed by their hashes: no name of a machine can run as code.
_POLICY = "default-src 'none'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


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


class StatusPage:
    def __init__(self) -> None:
        self._body = PAGE.read_bytes()
        self._policy = f"{_POLICY}; {self._source('script')}; {self._source('style')}; img-src data:"

    def _source(self, element: str) -> str:
        inner = self._body.split(f"<{element}>".encode())[1].split(f"</{element}>".encode())[0]
        return f"{element}-src 'sha256-{_base64_sha256(inner)}'"

    @needs(Right.SEE)
    @operation("The status page", "System", {200: Answer("A table of machines.", {"type": "string"}, "text/html")})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.content_type = "text/html; charset=utf-8"
        resp.set_header("Content-Security-Policy", self._policy)
        resp.set_header("Cache-Control", "no-cache")
        resp.data = self._body


def _base64_sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()
