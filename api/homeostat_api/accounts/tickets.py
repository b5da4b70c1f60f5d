"""Tickets for consoles, as a WebSocket's request brings them: a browser can name subprotocols there, and no other header."""

from __future__ import annotations

import falcon.asgi

from homeostat.accounts.database.secret_texts import CONSOLE_TICKET

from ..http.errors import Problem
from ..http.routes import V1

NAMES = frozenset({"token", "access_token", "ticket", "api_key", "key", "password"})
NO_TICKET = "a console is opened by a ticket, which stands among the subprotocols of the WebSocket, and there is none"


def protocols_of(req: falcon.asgi.Request) -> list[str]:
    """Returns the subprotocols that a WebSocket's client speaks. Its ticket is none."""
    return [name for name in _offered(req) if not name.startswith(CONSOLE_TICKET)]


def ticket_of(req: falcon.asgi.Request) -> str | None:
    """Returns the ticket of a WebSocket's request. None: it has none.

    Raises:
        Problem: 400, it tries to show something in the URL, which is logged and kept on the way.
    """
    if shown := NAMES & {name.lower() for name in req.params}:
        said = (
            f"nothing that lets somebody in stands in a URL (?{min(shown)}=): ask for a ticket (POST "
            f"{V1}/vms/NAME/consoles), and name it among the subprotocols of the WebSocket"
        )
        raise Problem(400, "invalid_request", said)
    return next((name for name in _offered(req) if name.startswith(CONSOLE_TICKET)), None)


def _offered(req: falcon.asgi.Request) -> list[str]:
    return [name.strip() for name in (req.get_header("Sec-WebSocket-Protocol") or "").split(",")]
