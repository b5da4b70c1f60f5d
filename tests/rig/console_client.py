"""Somebody before a serial line, over a WebSocket: a program as a page is one."""

from __future__ import annotations

import contextlib
import json
import threading
from typing import Any

import websocket

from tests.api.people import Person

WORDS = "homeostat.console.v1"


class Sitter:
    """Has a console open, and remembers what came. It reads all the time, as pages do."""

    def __init__(self, port: int, person: Person, machine: str, **asked: Any) -> None:
        answer = person.ask("POST", f"vms/{machine}/consoles", json={"kind": "serial", **asked})
        assert answer.status_code == 201, answer.text
        given = answer.json()
        self._socket = websocket.create_connection(
            f"ws://127.0.0.1:{port}{given['path']}", subprotocols=[given["ticket"], WORDS], timeout=60
        )
        self.protocol = self._socket.getsubprotocol()
        self.seen = bytearray()
        self.words: list[dict[str, Any]] = []
        self.ended: tuple[int, str] | None = None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError, websocket.WebSocketException):
            while True:
                opcode, payload = self._socket.recv_data()
                if opcode == websocket.ABNF.OPCODE_TEXT:
                    self.words.append(json.loads(payload))
                elif opcode == websocket.ABNF.OPCODE_BINARY:
                    self.seen += payload
                elif opcode == websocket.ABNF.OPCODE_CLOSE:
                    self.ended = int.from_bytes(payload[:2], "big"), payload[2:].decode()
                    return

    def type(self, text: str) -> None:
        self._socket.send_binary(text.encode())

    def said(self, kind: str) -> list[dict[str, Any]]:
        return [word for word in self.words if word["type"] == kind]

    @property
    def id(self) -> str:
        return str(self.said("opened")[0]["console"])

    def close(self) -> None:
        self._socket.close()
        self._reader.join(10)
