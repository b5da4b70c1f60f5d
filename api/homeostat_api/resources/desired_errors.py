"""/api/v1/errors: what is wrong with the desired state."""

from __future__ import annotations

import asyncio

import falcon
import falcon.asgi

from homeostat.service.desk import Desk
from homeostat.service.service import Service

from ..http.actor import who
from ..http.media import dumps
from ..http.operations import Answer, operation
from ..http.rights import Right, needs
from ..words import DesiredErrors


class DesiredStateErrors:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.SEE)
    @operation(
        "List what is wrong with the desired state",
        "System",
        {200: Answer("What `homeostat get errors` lists: mistakes in the YAML, and deletions that are held.", DesiredErrors)},
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.content_type = falcon.MEDIA_JSON
        resp.data = await asyncio.to_thread(_render, self._service.asked_by(who(req)))  # a folder may hold very many mistakes


def _render(desk: Desk) -> bytes:
    return dumps(
        {
            "errors": [
                {
                    "severity": error.severity,
                    "path": error.path,
                    "line": error.line,
                    "column": error.column,
                    "field": error.field,
                    "message": error.message,
                    "kind": error.key.kind if error.key else None,
                    "namespace": error.key.namespace if error.key else None,
                    "name": error.key.name if error.key else None,
                }
                for error in desk.desired_errors()
            ]
        }
    )
