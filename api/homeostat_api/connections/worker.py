"""gunicorn's asgi worker with a limit of connections that is enforced: nothing reads its own ``worker_connections``."""

from __future__ import annotations

import logging
import signal
import ssl
from asyncio import constants
from typing import Any

from gunicorn.asgi import websocket  # type: ignore[import-untyped]
from gunicorn.workers import gasgi  # type: ignore[import-untyped]

from .connection import Connection
from .handshake import WebSocket
from .limits import HEAD_SECONDS
from .tls import Certificate

log = logging.getLogger("homeostat.api")

# gunicorn names both classes in its code, and has no setting for them.
gasgi.ASGIProtocol = Connection
websocket.WebSocketProtocol = WebSocket
# Nor for how long a client may take to agree on TLS, before which it counts as no connection.
constants.SSL_HANDSHAKE_TIMEOUT = HEAD_SECONDS


class Worker(gasgi.ASGIWorker):  # type: ignore[misc]
    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        # Connections whose client has something to send, longest first; each is the key of nothing.
        self.waiting: dict[Connection, None] = {}

    def init_signals(self) -> None:
        """Leaves the end of a terminal to gunicorn's master, which ends its workers in order."""
        super().init_signals()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _get_ssl_context(self) -> ssl.SSLContext | None:
        certificate: Certificate | None = getattr(self.app, "certificate", None)
        if certificate is None:
            return None
        certificate.keep(self.loop)
        return certificate.context

    def make_room(self, newcomer: Connection) -> None:
        """Ends the connection that has made us wait the longest, where the limit is passed. So a client that sends a whole
        request is served, however many others hold half ones. Where all are being served, the newcomer is refused."""
        if self.nr_conns <= self.worker_connections:
            return
        oldest = next((one for one in self.waiting if one is not newcomer), None)
        if oldest is not None:
            log.warning("more than %d connections: those that send nothing, or half a request, give way", self.worker_connections)
            oldest.give_way()
        else:
            log.warning("more than %d connections, all of them served: others are turned away", self.worker_connections)
            newcomer.give_way(newcomer=True)
