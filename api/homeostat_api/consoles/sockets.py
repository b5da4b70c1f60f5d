"""What the WebSockets of all consoles have in common: the ticket at their beginning, and the reason at their end."""

from __future__ import annotations

import falcon.asgi

from homeostat.accounts.consoles import ConsoleKind, Ticket
from homeostat.accounts.errors import TicketRefused
from homeostat.consoles.sitting import End

from ..accounts.tickets import NO_TICKET


def ticket_for(req: falcon.asgi.Request, name: str, kind: ConsoleKind) -> Ticket:
    """Returns the ticket that was shown, which is used up whatever follows.

    Raises:
        TicketRefused: there is none, or it is for something else.
    """
    ticket: Ticket | None = getattr(req.context, "ticket", None)
    if ticket is None:
        raise TicketRefused(NO_TICKET)
    if (ticket.console.machine, ticket.console.kind) != (name, kind):
        raise TicketRefused("the ticket is for another console")
    return ticket


async def close_socket(ws: falcon.asgi.WebSocket, end: End) -> None:
    """Closes a WebSocket, unless it is closed."""
    if not ws.closed:
        await ws.close(end.code, end.why.encode()[:120].decode("utf-8", "ignore"))
