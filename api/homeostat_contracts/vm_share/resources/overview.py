"""/sessions/active, /metrics_json and /health: what is there."""

from __future__ import annotations

from datetime import UTC, datetime

import falcon.asgi

from homeostat.service.service import Service
from homeostat_api.http.operations import Answer, Parameter, operation
from homeostat_api.http.rights import Door, Right, needs

from ..attendance import Attendance
from ..errors import unprocessable
from ..lab import has_ended
from ..marks import user_of
from ..parts import LabParts
from ..vm_views import session
from ..words import MetricsShown, ServiceHealth, SessionShown

TAG = "Overview"
MOST, USUAL = 1000, 100
LIMIT = Parameter("limit", {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL}, "How many at the most.")
OF_USER = Parameter("user_id", {"type": "string"}, "Only that user's.")


class ActiveSessions:
    def __init__(self, parts: LabParts, attendance: Attendance) -> None:
        self._parts, self._attendance = parts, attendance

    @needs(Door.OPEN)
    @operation(
        "List machines, for everybody",
        TAG,
        {200: Answer("The newest first.", list[SessionShown])},
        parameters=(LIMIT, OF_USER),
        errors=(422,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        limit, user = _limit(req), req.get_param("user_id")
        found = [one for one in await self._parts.sessions() if not has_ended(one) and user in (None, "", user_of(one))]
        found.sort(key=lambda one: (one.metadata.creation_timestamp or "", one.metadata.name), reverse=True)
        resp.media = [session(one, self._attendance.last_seen(one)) for one in found[:limit]]


class LabMetrics:
    def __init__(self, parts: LabParts) -> None:
        self._parts = parts

    @needs(Right.MODERATE)
    @operation("Count machines, for whoever moderates", TAG, {200: Answer("Families of metrics.", MetricsShown)})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        name, count = "vmshare_active_sessions", sum(not has_ended(one) for one in await self._parts.sessions())
        sample = {"name": name, "labels": {}, "value": count, "timestamp": datetime.now(UTC).timestamp()}
        resp.media = {"status": "success", "data": [{"name": name, "type": "gauge", "samples": [sample]}]}


class LabHealth:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Door.OPEN)
    @operation("Tell whether the API works", TAG, {200: Answer("It does.", ServiceHealth)})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        self._service.changes.version()  # a StoreError is answered as 500
        resp.media = {"status": "ok"}


def _limit(req: falcon.asgi.Request) -> int:
    given = req.get_param("limit")
    if given is None:
        return USUAL
    if not (given.isascii() and given.isdigit() and len(given) <= 4 and 1 <= int(given) <= MOST):
        raise unprocessable(f"limit: must be a number from 1 to {MOST}")
    return int(given)
