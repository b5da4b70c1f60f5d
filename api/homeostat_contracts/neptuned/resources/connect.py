"""/connect: the screen of a machine by WebRTC."""

from __future__ import annotations

import base64
import binascii

import falcon.asgi

from homeostat.accounts.rights import Grant, Right
from homeostat.models.machine import VirtualMachine
from homeostat.service.naming.marks import id_of
from homeostat_api.http.actor import who
from homeostat_api.http.contract import NOTHING_LENT, ConsoleDoor, Lent
from homeostat_api.http.rights import Door, needs

from ..errors import forbidden
from ..listed import Listed
from ..people import People
from ..private import opens, place

PROTOCOL = "neptuned.v0"
"""The subprotocol that is accepted, where it is offered."""
TOKEN, PASSWORD = "neptuned.token.", "neptuned.password."
HEADER = "X-VM-Password"
LENT = frozenset({Right.SEE, Right.CHANGE})
"""What whoever enters may do with the machine's screen, there alone."""


def offered(req: falcon.asgi.Request, beginning: str) -> str | None:
    """Returns what a subprotocol of that beginning says: the one way for a page to say something with a WebSocket but in its
    URL. None: none is offered."""
    names = [name.strip() for name in (req.get_header("Sec-WebSocket-Protocol") or "").split(",")]
    return next((name.removeprefix(beginning) for name in names if name.startswith(beginning)), None)


def token_offered(req: falcon.asgi.Request) -> str | None:
    return offered(req, TOKEN) or None


class ScreenConnection:
    """The WebSocket brings the two sides together, and may close then."""

    def __init__(self, listed: Listed, people: People, consoles: ConsoleDoor) -> None:
        self._listed, self._people, self._consoles = listed, people, consoles

    @needs(Door.KNOWN)
    async def on_websocket(self, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket, vm: str) -> None:
        machine = await self._listed.machine(vm)
        protocol = PROTOCOL if PROTOCOL in ws.subprotocols else None
        lent = await self._lent(req, machine)
        await self._consoles.webrtc(req, ws, machine.metadata.name, protocol, lent)

    async def _lent(self, req: falcon.asgi.Request, machine: VirtualMachine) -> Lent:
        """Returns what is lent to whoever asks: nothing where the machine is his to change; else its screen, as long as it is
        open to all, or has the password that he gave.

        Raises:
            Problem: 403, the machine is private, and that is not its password.
        """
        meta, id = machine.metadata, id_of(machine)
        if await self._listed.service.asked_by(who(req)).may(Right.CHANGE, machine.key):
            return NOTHING_LENT
        lock = await self._people.kept(place(id)) if machine.spec.display.private else None
        if machine.spec.display.private:
            said = req.get_header(HEADER) or _decoded(offered(req, PASSWORD))
            if not said or lock is None or not await opens(self._people, req, id, said):
                raise forbidden(f"This VM is private, and that is not its password: send it as {HEADER}, or as a subprotocol")

        async def still() -> bool:
            now = await self._listed.find(machine)
            if now is None:
                return False
            return not now.spec.display.private or (lock is not None and await self._people.kept(place(id)) == lock)

        return Lent((Grant(LENT, meta.namespace, VirtualMachine.KIND, meta.name),), still)


def _decoded(text: str | None) -> str:
    """Reads base64url without padding; "": it is none."""
    if not text:
        return ""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, ValueError):
        return ""
