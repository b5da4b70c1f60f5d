"""The operator's ``GET /metrics``, ``/healthz``, ``/readyz`` and ``/looked-at``. It serves a unix socket for commands and for the
API process, which passes the first three on, and a port for the probes of a cluster.

/healthz is 200 as long as this loop answers, whatever fails. Failing tasks are started again in here: a pod that was killed for
one would only fail again, and take the others with it. They are listed in the body, and make /readyz 503.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from homeostat.models.base import Key
from homeostat.models.outside import one_line, redacted, redacted_all

from .engine.supervise import Supervisor

log = logging.getLogger(__name__)

REQUEST_MAX = 8192  # bytes
TIMEOUT = 5.0  # seconds
CONNECTIONS = 64  # at once. Beyond that the oldest one ends, so that nobody who holds many keeps a probe out


@dataclass(frozen=True, slots=True)
class TelemetryPort:
    host: str
    number: int


class TelemetryServer:
    """Answers HTTP/1.0 requests, one per connection. Only the owner of its folder can reach a socket. ``unready`` says why the
    operator is not ready; empty: it is. ``looked_at``: the resources whose status is of this run of the operator; None: other
    loops of ours look at them, too."""

    def __init__(
        self,
        place: Path | TelemetryPort,
        registry: CollectorRegistry,
        supervisor: Supervisor,
        unready: Callable[[], str] = lambda: "",
        looked_at: Callable[[], Collection[Key]] | None = None,
    ) -> None:
        self._place = place
        self._supervisor = supervisor
        self._registry = registry
        self._unready = unready
        self._looked_at = looked_at
        self._server: asyncio.Server | None = None
        self._held: dict[asyncio.StreamWriter, None] = {}  # oldest first

    async def __aenter__(self) -> TelemetryServer:
        """Starts to listen.

        Raises:
            OSError: the port is taken.
        """
        if isinstance(self._place, TelemetryPort):
            self._server = await asyncio.start_server(self._serve, self._place.host, self._place.number, limit=REQUEST_MAX)
            return self
        self._place.unlink(missing_ok=True)  # an operator that was killed left it; the lock says that it has gone
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, str(self._place), limit=REQUEST_MAX)
        finally:
            os.umask(before)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        if isinstance(self._place, Path):
            self._place.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._held[writer] = None
        if len(self._held) > CONNECTIONS:
            oldest = next(iter(self._held))
            del self._held[oldest]
            oldest.transport.abort()
        try:
            async with asyncio.timeout(TIMEOUT):
                writer.write(await self._asked(reader))
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        except (TimeoutError, asyncio.IncompleteReadError, OSError) as error:
            log.debug("telemetry: a reader went away or sent no request: %r", error)
        finally:
            self._held.pop(writer, None)
            writer.transport.abort()

    async def _asked(self, reader: asyncio.StreamReader) -> bytes:
        try:
            words = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)
        except asyncio.LimitOverrunError:
            words = []
        if len(words) < 3:
            return _answer("400 Bad Request", "text/plain", b"this is no request\n")
        return self._answer(words[1].decode("latin-1"))

    def _answer(self, path: str) -> bytes:
        match path:
            case "/metrics":
                status, type, body = "200 OK", CONTENT_TYPE_LATEST, generate_latest(self._registry)
            case "/healthz":
                failing = [known.document() for known in self._supervisor.failing]
                health = {"status": "failing" if failing else "ok", "failing": failing}
                status, type, body = "200 OK", "application/json", json.dumps(redacted_all(health)).encode() + b"\n"
            case "/readyz":
                unready = self._unready() or "; ".join(map(str, self._supervisor.failing))
                status = "503 Service Unavailable" if unready else "200 OK"
                type, body = "text/plain", f"{one_line(redacted(unready)) or 'ok'}\n".encode()
            case "/looked-at" if self._looked_at is not None:
                status, type, body = "200 OK", "application/json", json.dumps([*map(str, self._looked_at())]).encode()
            case _:
                status, type, body = "404 Not Found", "text/plain", b"there are /metrics, /healthz, /readyz and /looked-at\n"
        return _answer(status, type, body)


def _answer(status: str, type: str, body: bytes) -> bytes:
    head = f"HTTP/1.0 {status}\r\nContent-Type: {type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body
