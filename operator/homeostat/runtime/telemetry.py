"""The operator's unix socket: ``GET /metrics`` and ``GET /healthz`` for the API process, which passes them on."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

log = logging.getLogger(__name__)

REQUEST_MAX = 8192  # bytes
TIMEOUT = 5.0  # seconds


class TelemetryServer:
    """HTTP/1.0, one answer per connection; reachable for the owner of the state folder only."""

    def __init__(self, path: Path, registry: CollectorRegistry) -> None:
        self._path = path
        self._registry = registry
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> TelemetryServer:
        self._path.unlink(missing_ok=True)  # left over from an operator that was killed; the lock says it is gone
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, str(self._path), limit=REQUEST_MAX)
        finally:
            os.umask(before)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(TIMEOUT):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(head.split(b" ", 2)[1].decode()))
                await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, IndexError) as error:
            log.debug("telemetry: a reader went away or sent no request: %r", error)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def _answer(self, path: str) -> bytes:
        match path:
            case "/metrics":
                status, type, body = "200 OK", CONTENT_TYPE_LATEST, generate_latest(self._registry)
            case "/healthz":
                status, type, body = "200 OK", "text/plain", b"ok\n"
            case _:
                status, type, body = "404 Not Found", "text/plain", b"there are /metrics and /healthz\n"
        head = f"HTTP/1.0 {status}\r\nContent-Type: {type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        return head.encode() + body
