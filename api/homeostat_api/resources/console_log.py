"""/api/v1/vms/{name}/log: what a guest wrote on its serial console."""

from __future__ import annotations

import falcon.asgi

from homeostat.service.service import Service

from ..http.actor import who
from ..http.operations import Answer, Parameter, operation
from ..http.requests.parameters import whole_number
from ..http.rights import Right, needs

AFTER = "X-Log-After"
OCTETS = "application/octet-stream"
TAIL = Parameter(
    "tail", {"type": "integer", "minimum": 0, "maximum": 999_999_999}, "From the last so many lines on. Default: all."
)
FROM = Parameter("after", {"type": "string", "maxLength": 64}, f"What follows on an earlier part, as its {AFTER} says.")


class MachineLog:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.SEE)
    @operation(
        "Read a machine's console log",
        "Virtual machines",
        {
            200: Answer(
                "A part of it, of 1 MiB at the most: whatever the guest wrote. It is empty where nothing more is there.",
                {"type": "string", "format": "binary"},
                OCTETS,
                headers={AFTER: "Where the next part begins."},
            )
        },
        description="Goes on through rotation. 409 where there is no log yet, or it is on a host that this server is not beside.",
        parameters=(TAIL, FROM),
        errors=(400, 404, 409),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        tail = whole_number(req, "tail")
        logs = self._service.asked_by(who(req)).console_logs
        part = await logs.read(name, -1 if tail is None else tail, req.get_param("after") or "")
        resp.content_type = OCTETS
        resp.data = part.content
        resp.set_header(AFTER, part.after)
        resp.set_header("Cache-Control", "no-store")
