"""…/vms/{name}/webrtc: the screen of a machine by WebRTC. The WebSocket brings the two sides together, and may close then."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any

import falcon
import falcon.asgi

from homeostat.accounts.actor import Actor
from homeostat.accounts.consoles import ConsoleKind, OpenConsole, Ticket
from homeostat.consoles.signalling import CANDIDATES_MAX, SIGNALLING, Bye, Candidate, Garbled, IceServer, PeerOffer, read_message
from homeostat.consoles.sitting import Close, End
from homeostat.service.consoles.consoles import webrtc_peers
from homeostat.service.service import Service

from ..accounts.tickets import protocols_of
from ..http.actor import who
from ..http.contract import NOTHING_LENT, Lent
from ..http.errors import invalid
from ..http.rights import Right, needs
from .passing import passed_on
from .room import ConsoleRoom
from .sockets import close_socket, ticket_for

if TYPE_CHECKING:
    from homeostat.consoles.peer import Peer

GONE = (falcon.WebSocketDisconnected, OSError)


class WebRtcConsole:
    def __init__(self, service: Service, room: ConsoleRoom, servers: Sequence[IceServer]) -> None:
        self._room, self._peers = room, PeerScreens(service, room, servers)

    @needs(Right.SEE)
    async def on_websocket(self, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket, name: str) -> None:
        ticket = ticket_for(req, name, ConsoleKind.WEBRTC)
        if SIGNALLING not in protocols_of(req):
            raise invalid(f"name {SIGNALLING} among the subprotocols of the WebSocket, beside the ticket")
        if await passed_on(self._room, req, ws, ticket, SIGNALLING):
            return
        await self._peers.serve(ws, ticket, who(req), SIGNALLING)


class PeerScreens:
    """``servers``: of STUN and TURN, which whoever opens a console gets to know."""

    def __init__(self, service: Service, room: ConsoleRoom, servers: Sequence[IceServer]) -> None:
        self._service, self._room, self._servers = service, room, servers
        self._open: set[asyncio.Task[None]] = set()

    async def serve(
        self, ws: falcon.asgi.WebSocket, ticket: Ticket, actor: Actor, protocol: str | None, lent: Lent = NOTHING_LENT
    ) -> None:
        """Serves a console, until one of both ends it. ``protocol``: the subprotocol that is accepted. ``lent``: what the actor
        may do there beside what he may anyway.

        Raises:
            Refusal, AccountsError: it may not be opened; the WebSocket is as it was.
        """
        peers = await webrtc_peers()
        async with AsyncExitStack() as stack:
            place = await stack.enter_async_context(self._room.place(ticket, actor, lent))
            await ws.accept(protocol)
            peer = peers(self._servers, self._service.asked_by(actor.lent(lent.grants)).screens.film(place.console))
            # A task of its own: it outlasts the WebSocket, whose end may end what waits for it.
            serving = asyncio.create_task(self._serve(ws, place, actor, peer, stack.pop_all(), lent))
        self._open.add(serving)
        serving.add_done_callback(self._open.discard)
        await asyncio.shield(serving)

    async def _serve(
        self,
        ws: falcon.asgi.WebSocket,
        place: OpenConsole,
        actor: Actor,
        peer: Peer,
        stack: AsyncExitStack,
        lent: Lent,
    ) -> None:
        async with stack:
            signalling = asyncio.create_task(_signal(ws, peer, self._servers))
            end = End(Close.FAILED, "the server failed")
            try:
                end = await self._room.serve(place, actor, peer, lent)
                end = peer.failure or end
            finally:
                signalling.cancel()
                await asyncio.wait({signalling})
                await peer.close(end)
        with suppress(*GONE):
            if not ws.closed:
                await _say(ws, {"type": "error" if peer.failure else "bye", "message": end.why})
            await close_socket(ws, end)


async def _signal(ws: falcon.asgi.WebSocket, peer: Peer, servers: Sequence[IceServer]) -> None:
    """Brings a viewer and this server together, as long as the WebSocket is open."""
    candidates = 0
    try:
        await _say(ws, {"type": "ice", "servers": [server.told for server in servers]})
        while True:
            match read_message(await ws.receive_text()):
                case PeerOffer() as offer:
                    await _say(ws, {"type": "answer", "sdp": await peer.answer(offer)})
                case Candidate() as candidate:
                    candidates += 1
                    if candidates > CANDIDATES_MAX:
                        raise Garbled(f"there are more than {CANDIDATES_MAX} candidates")
                    await peer.add(candidate)
                case Bye():
                    peer.leave()
    except Garbled as error:
        peer.fail(End(Close.PROTOCOL, str(error)))
    except falcon.PayloadTypeError:
        peer.fail(End(Close.PROTOCOL, "a message is bytes, and signalling is text"))
    except GONE:
        if not peer.offered:
            peer.leave()


async def _say(ws: falcon.asgi.WebSocket, word: Mapping[str, Any]) -> None:
    await ws.send_text(json.dumps(word))
