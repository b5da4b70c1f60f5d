"""A WebSocket that is refused: gunicorn answers every one with an empty 403, whatever the application says."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from gunicorn.asgi.websocket import WebSocketProtocol  # type: ignore[import-untyped]

from ..http.errors import SAID
from . import refusal

_FALCON = range(3400, 3600)  # Falcon's close codes for HTTP errors: 3000 and the status
_TOKEN = ("WWW-Authenticate", 'Bearer realm="homeostat"')


class WebSocket(WebSocketProtocol):  # type: ignore[misc]
    _denied: bool
    _refused = 403

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close" and not self.accepted and message.get("code") in _FALCON:
            self._refused = message["code"] - 3000
        await super()._send(message)

    def _deny(self, status: int, reason: str) -> None:
        if self._denied:
            return
        self._denied = self.closed = True
        self._close_event.set()
        status = self._refused if status == 403 else status
        headers = [_TOKEN] if status == 401 else []
        try:
            said = self.scope.get(SAID) or HTTPStatus(status).phrase
            self.transport.write(refusal.answer(status, f"No WebSocket here: {said}", headers, refusal.port_of(self.transport)))
            self.transport.close()
        except (OSError, RuntimeError):
            return  # the client went first
