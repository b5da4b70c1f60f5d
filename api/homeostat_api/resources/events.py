"""/api/v1/events: what happened, to resources of any kind."""

from __future__ import annotations

import asyncio

import falcon.asgi

from homeostat.models.kinds import STORED
from homeostat.models.outside import redacted_all
from homeostat.service.service import Service

from ..http.actor import who
from ..http.errors import invalid
from ..http.operations import Answer, Parameter, operation
from ..http.requests.parameters import choice, whole_number
from ..http.rights import Right, needs
from ..resource_words import Events, event_words

MOST = 1000
KIND_NAMES = tuple(sorted(STORED))
PARAMETERS = (
    Parameter("limit", {"type": "integer", "minimum": 1, "maximum": MOST, "default": 200}, "At most so many, the newest."),
    Parameter("kind", {"type": "string", "enum": list(KIND_NAMES)}, "With name: of which resource. Else: of all."),
    Parameter("name", {"type": "string"}, "Of the resource."),
)


class EventList:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.SEE)
    @operation(
        "List events",
        "Resources",
        {200: Answer("The newest, oldest first, of what whoever asks may see.", Events)},
        description="Events of what has gone are for those who see everything. GET /api/v1/events/vms streams those of machines.",
        parameters=PARAMETERS,
        errors=(400,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        limit = whole_number(req, "limit", MOST) or 200
        kind, name = choice(req, "kind", KIND_NAMES), req.get_param("name")
        if (kind is None) is not (name is None):
            raise invalid("kind, name: give both, or none", parameter="kind")
        desk = self._service.asked_by(who(req))
        key = desk.of(STORED[kind]).key(name) if kind is not None and name is not None else None
        found = await asyncio.to_thread(self._service.events, 0, key, limit if desk.sees_all else MOST)
        seen = {one: desk.sees_all or await desk.sees(one) for one in {event.key for event in found}}
        told = [await desk.told(event) for event in found if seen[event.key]]
        resp.media = {"events": redacted_all([event_words(event) for event in told[-limit:]])}
