"""Whoever looks at a console, behind a WebSocket."""

from __future__ import annotations

import json

import falcon
import falcon.asgi

from homeostat.consoles.sitting import Close, End, Left, Word


class SocketViewer:
    """A ``Viewer``. ``opening``: a text that is sent before the first bytes, and empty from then on."""

    def __init__(self, socket: falcon.asgi.WebSocket, understands: bool, opening: str = "") -> None:
        self.opening = opening
        self._socket = socket
        self._understands = understands

    @property
    def understands(self) -> bool:
        return self._understands

    async def receive(self) -> bytes:
        try:
            return bytes(await self._socket.receive_data())
        except falcon.PayloadTypeError as error:
            raise Left(End(Close.PROTOCOL, "the viewer sent a text, and takes part in bytes only")) from error
        except (falcon.WebSocketDisconnected, OSError) as error:
            raise Left from error

    async def send(self, data: bytes) -> None:
        try:
            if self.opening:
                text, self.opening = self.opening, ""
                await self._socket.send_text(text)
            await self._socket.send_data(data)
        except (falcon.WebSocketDisconnected, OSError) as error:
            raise Left from error

    async def say(self, word: Word) -> None:
        if not self._understands:
            return
        try:
            await self._socket.send_text(json.dumps(word))
        except (falcon.WebSocketDisconnected, OSError) as error:
            raise Left from error
