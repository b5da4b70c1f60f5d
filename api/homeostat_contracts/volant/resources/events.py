"""/api/v1/events/vms: what happens to machines, as it happens."""

from __future__ import annotations

import falcon.asgi

from homeostat.service.service import Service
from homeostat_api.http.actor import who
from homeostat_api.http.answers.stream import EventStream
from homeostat_api.http.errors import invalid
from homeostat_api.http.operations import Answer, Parameter, operation
from homeostat_api.http.rights import Right, needs

LAST = Parameter(
    "Last-Event-ID",
    {"type": "integer", "minimum": 0},
    "Resume behind this event: browsers send it by themselves when they reconnect.",
    place="header",
)


class MachineEvents:
    def __init__(self, service: Service, stream: EventStream) -> None:
        self._service = service
        self._stream = stream

    @needs(Right.SEE)
    @operation(
        "Follow the events of machines",
        "Events",
        {200: Answer("Server-sent events, without end.", {"type": "string"}, media_type="text/event-stream")},
        description="Events: vm.created, vm.started, vm.stopped, vm.deleted, vm.health_changed and vm.error, each with an "
        "id and JSON data (name, timestamp, and what else there is to say: plugin, ip, message; type, status and ip_address "
        "as Volant's command line reads them). A comment every 15 seconds keeps the connection alive.",
        parameters=(LAST,),
        errors=(400,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.content_type = "text/event-stream"
        resp.set_header("Cache-Control", "no-store")
        resp.set_header("X-Accel-Buffering", "no")  # nginx would hold the events back
        resp.stream = self._stream.follow(_last_event(req), self._service.asked_by(who(req)))


def _last_event(req: falcon.asgi.Request) -> int | None:
    """Reads the header.

    Raises:
        Problem: 400, Last-Event-ID is none of ours.
    """
    text = req.get_header("Last-Event-ID")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise invalid("Last-Event-ID: must be the id of an event of this stream, a whole number", given=text[:64])
    return int(text)
