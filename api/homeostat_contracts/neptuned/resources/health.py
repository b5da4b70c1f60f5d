"""/health."""

from __future__ import annotations

import falcon.asgi

from homeostat.service.service import Service
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.rights import Door, needs

from ..words.server import Wellness


class Wellbeing:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Door.OPEN)
    @operation("Tell whether the API works", "Server", {200: Answer("It does.", Wellness)})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        self._service.changes.version()  # a StoreError is answered as 500
        resp.media = {"status": "ok"}
