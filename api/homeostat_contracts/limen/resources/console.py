"""/ws/vnc, /vnc and /vnc/{vm}: the screen of a machine; and /api/vms/{vm}/console: where it is opened."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import falcon
import falcon.asgi

from homeostat.accounts.consoles import ConsoleKind, Ticket
from homeostat.accounts.errors import AccountsError, TicketRefused
from homeostat.consoles.sitting import Close
from homeostat.models.machine import MachineState, VirtualMachine
from homeostat.service.kinds.power import is_up, state_of
from homeostat.service.refusals import Refusal
from homeostat_api.http.contract import ConsoleDoor, ScreenTexts
from homeostat_api.http.errors import Problem
from homeostat_api.http.operations import Answer, Parameter, operation
from homeostat_api.http.requests.origin import scheme_of
from homeostat_api.http.requests.request_id import REQUEST_ID, request_id
from homeostat_api.http.rights import Door, Right, needs

from ..errors import StoreError, bad
from ..fleet import LimenFleet
from ..words import ConsoleAddress
from .actions import start

TAG = "Console"
BOOT = 60.0  # seconds that a viewer waits for a machine to start
CONNECTED = "VNC connection established, starting proxy..."
_NAMED = tuple(
    Parameter(name, {"type": "string"}, "The machine's uuid or number, where the path has none.") for name in ("id", "uuid")
)
_TOKEN = Parameter("token", {"type": "string"}, "An access token. It counts before the header, and that before the cookie.")


class LimenConsole:
    def __init__(self, fleet: LimenFleet, consoles: ConsoleDoor) -> None:
        self._fleet, self._consoles = fleet, consoles

    @needs(Right.SEE)
    @operation(
        "Get the address of a machine's screen", TAG, {200: Answer("Good for 30 seconds.", ConsoleAddress)}, errors=(400, 404)
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, vm: str) -> None:
        machine = await self._fleet.machine(self._fleet.desk(req).machines, vm)
        ticket, expires = await self._consoles.ticket(req, machine.metadata.name)
        scheme = "wss" if scheme_of(req) == "https" else "ws"
        resp.set_header("Cache-Control", "no-store")
        resp.media = {
            "ws_url": f"{scheme}://{req.get_header('Host')}/vnc/{vm}?ticket={ticket}",
            "protocol": "vnc",
            "expires_at": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


class LimenScreen:
    """The WebSocket. Texts say what happens; RFB is bytes."""

    def __init__(self, fleet: LimenFleet, consoles: ConsoleDoor) -> None:
        self._fleet, self._consoles = fleet, consoles

    @needs(Door.OPEN)
    @operation(
        "Open a machine's screen, as a WebSocket",
        TAG,
        {101: Answer("Texts say what happens, {type, message} or {type, error, code}; then bytes are RFB.")},
        description="A machine that is off is started first. Whoever asks without a WebSocket is told so (426).",
        parameters=(*_NAMED, _TOKEN),
        errors=(400, 404, 426),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, vm: str = "") -> None:
        if not _named(req, vm):
            raise bad("VM UUID is required")
        raise Problem(426, "upgrade_required", "This is a WebSocket: open it as one", headers={"Upgrade": "websocket"})

    @needs(Right.SEE)
    async def on_websocket(self, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket, vm: str = "") -> None:
        ticket: Ticket | None = getattr(req.context, "ticket", None)
        await ws.accept("binary" if "binary" in ws.subprotocols else None, [(REQUEST_ID.lower(), request_id(req))])
        with suppress(falcon.WebSocketDisconnected):
            await _Opening(self._fleet, self._consoles, req, ws, ticket).open(_named(req, vm))


class _Opening:
    """One viewer, until he sees the screen or learns why not."""

    def __init__(
        self,
        fleet: LimenFleet,
        consoles: ConsoleDoor,
        req: falcon.asgi.Request,
        ws: falcon.asgi.WebSocket,
        ticket: Ticket | None,
    ) -> None:
        self._fleet, self._consoles, self._req, self._ws, self._ticket = fleet, consoles, req, ws, ticket
        self._machines = fleet.desk(req).machines

    async def open(self, named: str) -> None:
        if not named:
            await self._refuse("VM UUID is required", "MISSING_VM_UUID")
            return
        await self._say("Connected, checking VM status...")
        try:
            machine = await self._fleet.machine(self._machines, named)
            self._check_ticket(machine)
        except (Problem, TicketRefused):
            await self._refuse("VM not found", "VM_NOT_FOUND", vm_uuid=named)
            return
        except (AccountsError, StoreError) as error:
            await self._fail(error)
            return
        if (up := await self._started(machine)) is not None:
            await self._show(up)

    def _check_ticket(self, machine: VirtualMachine) -> None:
        """Checks that a ticket, where there is one, is for this screen.

        Raises:
            TicketRefused: it is for something else.
        """
        wanted = (machine.metadata.name, machine.metadata.uid, ConsoleKind.VNC)
        of = self._ticket.console if self._ticket is not None else None
        if of is not None and (of.machine, of.uid, of.kind) != wanted:
            raise TicketRefused("the ticket is for another console")

    async def _started(self, machine: VirtualMachine) -> VirtualMachine | None:
        """Returns the machine once it runs. None: it does not, as the viewer knows by now."""
        if is_up(machine) or state_of(machine) is MachineState.PAUSED:
            return machine
        await self._say("Starting VM...")
        try:
            found = await start(self._machines, machine, BOOT)
        except (Problem, Refusal, StoreError):
            found = await self._machines.find(machine.metadata.name) or machine
        if is_up(found):
            return found
        await self._refuse("VM is not running", "VM_NOT_RUNNING", status="Stopped")
        return None

    async def _show(self, machine: VirtualMachine) -> None:
        await self._say("Getting VNC port...")
        texts = ScreenTexts(_status(CONNECTED), lambda why: _error(why, "VNC_CONNECTION_FAILED"))
        try:
            await self._say(f"Connecting to VNC server on port {await self._fleet.port(machine)}...")
            await self._consoles.screen(self._req, self._ws, machine.metadata.name, texts=texts)
        except (Refusal, AccountsError, StoreError, Problem) as error:
            await self._fail(error)

    async def _say(self, message: str) -> None:
        await self._ws.send_text(_status(message))

    async def _fail(self, error: Exception) -> None:
        """Says why the screen is not reached."""
        said = error.message if isinstance(error, Problem) else str(error)
        await self._refuse(await self._fleet.reworded(self._req, said), "VNC_CONNECTION_FAILED", Close.FAILED)

    async def _refuse(self, error: str, code: str, close: Close = Close.POLICY, **more: Any) -> None:
        await self._ws.send_text(_error(error, code, **more))
        await self._ws.close(close, error.encode()[:120].decode("utf-8", "ignore"))


def _named(req: falcon.asgi.Request, vm: str) -> str:
    return vm or req.get_param("id") or req.get_param("uuid") or ""


def _status(message: str) -> str:
    return json.dumps({"type": "status", "message": message})


def _error(error: str, code: str, **more: Any) -> str:
    return json.dumps({"type": "error", "error": error, "code": code, **more})
