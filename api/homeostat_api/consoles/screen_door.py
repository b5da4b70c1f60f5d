"""The screens of machines, for contracts that have WebSockets of their own: whoever asks shows there who he is, and no ticket."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import falcon.asgi

from homeostat.accounts.consoles import Bearer, ConsoleKind, Ticket
from homeostat.consoles.signalling import IceServer
from homeostat.service.service import Service

from ..http.actor import who
from ..http.contract import NOTHING_LENT, Lent, ScreenTexts
from .room import ConsoleRoom
from .sockets import close_socket
from .viewer import SocketViewer
from .webrtc import PeerScreens


class OpenedScreens:
    """A ``ConsoleDoor``."""

    def __init__(self, service: Service, room: ConsoleRoom, ice: Sequence[IceServer] = ()) -> None:
        self._service, self._room = service, room
        self._peers = PeerScreens(service, room, ice)

    async def screen(
        self,
        req: falcon.asgi.Request,
        ws: falcon.asgi.WebSocket,
        machine: str,
        protocol: str | None = None,
        texts: ScreenTexts | None = None,
    ) -> None:
        actor = who(req)
        console = await self._service.asked_by(actor).consoles.wanted(machine, ConsoleKind.VNC)
        async with self._room.place(Ticket(Bearer.of(actor), console), actor) as place:
            if ws.unaccepted:
                await ws.accept(protocol)
            viewer = SocketViewer(ws, False, texts.connected if texts is not None else "")
            end = await self._room.serve(place, actor, viewer)
        if texts is not None and viewer.opening and not ws.closed:
            await ws.send_text(texts.failed(end.why))
        await close_socket(ws, end)

    async def webrtc(
        self,
        req: falcon.asgi.Request,
        ws: falcon.asgi.WebSocket,
        machine: str,
        protocol: str | None = None,
        lent: Lent = NOTHING_LENT,
    ) -> None:
        actor = who(req)
        console = await self._service.asked_by(actor.lent(lent.grants)).consoles.wanted(machine, ConsoleKind.WEBRTC)
        await self._peers.serve(ws, Ticket(Bearer.of(actor), console), actor, protocol, lent)

    async def ticket(self, req: falcon.asgi.Request, machine: str) -> tuple[str, datetime]:
        actor = who(req)
        return await self._room.issue(actor, await self._service.asked_by(actor).consoles.wanted(machine, ConsoleKind.VNC))
