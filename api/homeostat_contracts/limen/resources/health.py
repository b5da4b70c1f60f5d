"""/api/health and /api/health_proxy."""

from __future__ import annotations

from datetime import UTC, datetime

import falcon.asgi

from homeostat.accounts.errors import DatabaseTrouble
from homeostat_api.http.contract import Foundation
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.rights import Door, needs

from ..errors import StoreError
from ..words import HealthShown


class LimenHealth:
    def __init__(self, given: Foundation) -> None:
        self._given = given

    @needs(Door.OPEN)
    @operation("Tell whether the service works", "Health", {200: Answer("What of it does.", HealthShown)})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.set_header("Cache-Control", "no-store")
        resp.media = {
            "status": "ok",
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "db": _said(await self._databases_work()),
            "libvirt": _said(await self._given.libvirt_answers()),
        }

    async def _databases_work(self) -> bool:
        """Tells whether the machines and the accounts can be read."""
        try:
            self._given.service.changes.version()
            reception = await self._given.accounts.opened()
            await self._given.accounts.run(reception.recognition.generation)
        except (StoreError, DatabaseTrouble):
            return False
        return True


def _said(connected: bool) -> str:
    return "connected" if connected else "disconnected"
