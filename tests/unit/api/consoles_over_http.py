"""The routes of consoles in this process, asked by those who come before machines, without a gate: for the tests of them."""

from __future__ import annotations

from typing import Any

import falcon.asgi

from homeostat.service.service import Service
from homeostat_api.consoles.routes import console_routes
from homeostat_api.errors import ANSWERS
from homeostat_api.http.application import application
from tests.unit.watching import BOB, EVE, MONA, SAM

PEOPLE = {actor.name: actor for actor in (BOB, EVE, MONA, SAM)}


class Known:
    """Recognises whoever names himself in the header X-Who; bob where none does."""

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        req.context.actor = PEOPLE[req.get_header("X-Who") or "bob"]


def application_over(service: Service) -> falcon.asgi.App[Any, Any]:
    """Returns what answers requests for pictures and keys; those of consoles that are open need a database."""
    room: Any = None
    return application(console_routes(service, room), ANSWERS, (Known(),))
