"""/api/v1/schemas/KIND: the JSON Schema of a kind, as `homeostat schema` prints it."""

from __future__ import annotations

import falcon.asgi

from homeostat.models.schema import json_schema

from ..http.operations import Answer, operation
from ..http.rights import Right, needs
from .any_kind import declared_at


class KindSchema:
    @needs(Right.SEE)
    @operation(
        "Get the JSON Schema of a kind",
        "Resources",
        {200: Answer("Draft 2020-12, of a whole document.", {"type": "object", "additionalProperties": True})},
        errors=(404,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, kind: str) -> None:
        resp.media = json_schema(declared_at(kind))
        resp.set_header("Cache-Control", "no-cache")
