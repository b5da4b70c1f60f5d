"""/api/vnc/{vm_id}: the screen of that machine, and of no other."""

from __future__ import annotations

import falcon.asgi

from homeostat_api.http.contract import ConsoleDoor
from homeostat_api.http.rights import Right, needs

from ..fleet import Fleet


class MachineVnc:
    """The WebSocket. A port in the query is not read."""

    def __init__(self, fleet: Fleet, consoles: ConsoleDoor) -> None:
        self._fleet, self._consoles = fleet, consoles

    @needs(Right.SEE)
    async def on_websocket(self, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket, vm_id: str) -> None:
        machine = await self._fleet.machine(self._fleet.desk(req).machines, vm_id)
        offered = ws.subprotocols
        await self._consoles.screen(req, ws, machine.metadata.name, "binary" if "binary" in offered else None)
