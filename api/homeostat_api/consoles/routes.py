"""/api/v1/consoles and /api/v1/vms/{name}/consoles: tickets, who looks at what, and the WebSockets themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import falcon
import falcon.asgi
from pydantic import BaseModel, ConfigDict, Field

from homeostat.accounts.consoles import ConsoleKind, ConsoleMode, OpenConsole
from homeostat.consoles.signalling import SIGNALLING, IceServer
from homeostat.consoles.sitting import BYTES, WORDS
from homeostat.service.service import Service

from ..accounts.tickets import protocols_of
from ..http.actor import who
from ..http.errors import invalid
from ..http.media import read_model
from ..http.operations import Answer, operation
from ..http.rights import Right, needs
from ..http.routes import V1, Route
from .passing import passed_on
from .room import ConsoleRoom
from .screens import MachineKeyboard, MachineScreenshot
from .sockets import close_socket, ticket_for
from .viewer import SocketViewer
from .webrtc import WebRtcConsole

TAG = "Consoles"


class NewTicket(BaseModel):
    """Which console is wanted."""

    model_config = ConfigDict(extra="forbid")

    kind: ConsoleKind = Field(
        default=ConsoleKind.VNC,
        description="vnc: the screen. serial: the serial line, as plain bytes. webrtc: the screen, by WebRTC.",
    )
    mode: ConsoleMode | None = Field(
        default=None,
        description="view: what is typed does not reach the guest. Default: control for whoever may change the machine.",
    )


class ConsoleSizeBody(BaseModel):
    """The size of a terminal, in characters."""

    model_config = ConfigDict(extra="forbid")

    rows: int = Field(ge=1, le=1000)
    columns: int = Field(ge=1, le=1000)


class TicketBody(BaseModel):
    """A ticket. It is good for one use."""

    ticket: str = Field(description="One of the subprotocols that the WebSocket's client names.")
    expires: datetime = Field(description="Until then it has to be used.")
    path: str = Field(description="Of the WebSocket.")
    protocols: list[str] = Field(description="The others that it may name: one is chosen.")


class ConsoleBody(BaseModel):
    """A console that somebody has open."""

    id: str
    machine: str
    kind: str
    mode: str
    controls: bool = Field(description="Whether what he types reaches the guest: one at a time has control.")
    account: str = Field(description="Whose; empty: somebody without an account, on the server's host or by its token.")
    address: str = Field(description="Where he connected from.")
    since: datetime


class ConsoleAll(BaseModel):
    """Consoles that are open."""

    consoles: list[ConsoleBody]


class MachineTickets:
    def __init__(self, service: Service, room: ConsoleRoom) -> None:
        self._service, self._room = service, room

    @needs(Right.SEE)
    @operation(
        "Ask for a ticket to a machine's console",
        TAG,
        {201: Answer("The ticket: for one use within 30 seconds.", TicketBody)},
        description="Control takes the right to change the machine, looking only that to see it. 409: there is nothing to see. "
        "501: this server does not speak WebRTC.",
        body=NewTicket,
        errors=(400, 403, 404, 409, 501),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        asked, actor = await read_model(req, NewTicket), who(req)
        console = await self._service.asked_by(actor).consoles.wanted(name, asked.kind, asked.mode, self._room.passes_on)
        text, expires = await self._room.issue(actor, console)
        protocols = [SIGNALLING] if asked.kind is ConsoleKind.WEBRTC else [WORDS, BYTES]
        given = TicketBody(ticket=text, expires=expires, path=f"{V1}/vms/{name}/{asked.kind}", protocols=protocols)
        resp.status, resp.media = falcon.HTTP_201, given.model_dump(mode="json")
        resp.set_header("Cache-Control", "no-store")


class MachineConsole:
    """The WebSocket of a screen, or of a serial line."""

    def __init__(self, room: ConsoleRoom, kind: ConsoleKind) -> None:
        self._room, self._kind = room, kind

    @needs(Right.SEE)
    async def on_websocket(self, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket, name: str) -> None:
        ticket = ticket_for(req, name, self._kind)
        offered = protocols_of(req)
        chosen = next((protocol for protocol in (WORDS, BYTES) if protocol in offered), None)
        if chosen is None:
            raise invalid(f"name {WORDS} or {BYTES} among the subprotocols of the WebSocket, beside the ticket")
        if await passed_on(self._room, req, ws, ticket, chosen):
            return
        async with self._room.place(ticket, who(req)) as place:
            await ws.accept(chosen)
            end = await self._room.serve(place, who(req), SocketViewer(ws, chosen == WORDS))
        await close_socket(ws, end)


class ConsoleCollection:
    def __init__(self, room: ConsoleRoom) -> None:
        self._room = room

    @needs(Right.SEE)
    @operation(
        "List the consoles that are open",
        TAG,
        {200: Answer("The oldest first.", ConsoleAll)},
        description="Those of whoever asks, and those of machines that he may change; a moderator's list has all.",
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        found = await self._room.list(who(req))
        resp.media = ConsoleAll(consoles=[_body(one) for one in found]).model_dump(mode="json")


class ConsoleItem:
    def __init__(self, room: ConsoleRoom) -> None:
        self._room = room

    @needs(Right.CHANGE)
    @operation("End a console", TAG, {204: Answer("It ends within a second.")}, errors=(404,))
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, console: str) -> None:
        actor = who(req)
        await self._room.end(actor, console, f"ended by {actor.name or 'an administrator'}")
        resp.status = falcon.HTTP_204


class ConsoleControl:
    def __init__(self, room: ConsoleRoom) -> None:
        self._room = room

    @needs(Right.CHANGE)
    @operation(
        "Take control",
        TAG,
        {204: Answer("What is typed there reaches the guest; whoever had control looks on, and is told so.")},
        errors=(404,),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, console: str) -> None:
        await self._room.take_control(who(req), console)
        resp.status = falcon.HTTP_204


class ConsoleSize:
    def __init__(self, room: ConsoleRoom) -> None:
        self._room = room

    @needs(Right.CHANGE)
    @operation(
        "Give a console another size",
        TAG,
        {204: Answer("The guest knows it.")},
        description="409: it takes none, as a serial line, which carries bytes alone; the message says what to type there.",
        body=ConsoleSizeBody,
        errors=(400, 404, 409),
    )
    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, console: str) -> None:
        asked = await read_model(req, ConsoleSizeBody)
        await self._room.resize(who(req), console, asked.rows, asked.columns)
        resp.status = falcon.HTTP_204


def console_routes(service: Service, room: ConsoleRoom, ice: Sequence[IceServer] = ()) -> list[Route]:
    """Returns the routes of consoles. ``ice``: servers for those by WebRTC."""
    return [
        Route(f"{V1}/vms/{{name}}/consoles", MachineTickets(service, room)),
        Route(f"{V1}/vms/{{name}}/vnc", MachineConsole(room, ConsoleKind.VNC)),
        Route(f"{V1}/vms/{{name}}/serial", MachineConsole(room, ConsoleKind.SERIAL)),
        Route(f"{V1}/vms/{{name}}/webrtc", WebRtcConsole(service, room, ice)),
        Route(f"{V1}/vms/{{name}}/screenshot", MachineScreenshot(service)),
        Route(f"{V1}/vms/{{name}}/keys", MachineKeyboard(service)),
        Route(f"{V1}/consoles", ConsoleCollection(room)),
        Route(f"{V1}/consoles/{{console}}", ConsoleItem(room)),
        Route(f"{V1}/consoles/{{console}}/control", ConsoleControl(room)),
        Route(f"{V1}/consoles/{{console}}/size", ConsoleSize(room)),
    ]


def _body(one: OpenConsole) -> ConsoleBody:
    of = one.console
    return ConsoleBody(
        id=one.id, machine=of.machine, kind=of.kind, mode=of.mode, controls=one.controls,
        account=one.bearer.account, address=one.bearer.address, since=one.since,
    )  # fmt: skip
