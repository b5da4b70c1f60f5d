"""/ws/{vmid}: the screen of that machine, and of no other."""

from __future__ import annotations

import falcon.asgi

from homeostat.models.machine import VirtualMachine
from homeostat.service.refusals import NoSuchResource
from homeostat.service.service import Service
from homeostat_api.http.actor import who
from homeostat_api.http.contract import ConsoleDoor
from homeostat_api.http.rights import Right, needs

from ..marks import vmid_of
from ..parts import LabParts


class LabScreen:
    def __init__(self, service: Service, parts: LabParts, consoles: ConsoleDoor) -> None:
        self._service, self._parts, self._consoles = service, parts, consoles

    @needs(Right.SEE)
    async def on_websocket(self, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket, vmid: str) -> None:
        desk = self._service.asked_by(who(req))
        named = next((one.metadata.name for one in await self._parts.sessions() if vmid_of(one) == vmid), None)
        if named is None or await desk.machines.find(named) is None:
            raise NoSuchResource(VirtualMachine, vmid)
        await self._consoles.screen(req, ws, named, "binary" if "binary" in ws.subprotocols else None)
