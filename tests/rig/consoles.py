"""Somebody before a console: a WebSocket with a ticket, and a viewer of the screen who knows just enough RFB."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Mapping
from typing import Any

import httpx
import websocket

WORDS, BYTES = "homeostat.console.v1", "binary"
VERSION = b"RFB 003.008\n"


class Ended(Exception):
    """The server has closed it. ``code`` and ``why``: as it said."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code, self.why = code, why


def ticket(http: httpx.Client, name: str, headers: Mapping[str, str] | None = None, **wanted: str) -> dict[str, Any]:
    answer = http.post(f"/api/v1/vms/{name}/consoles", json=wanted, headers=headers)
    assert answer.status_code == 201, answer.text
    given: dict[str, Any] = answer.json()
    return given


class Console:
    """An open console."""

    def __init__(self, base: httpx.URL, path: str, *protocols: str, timeout: float = 20, **options: Any) -> None:
        address = str(base.copy_with(scheme="ws")).rstrip("/") + path
        self.socket = websocket.create_connection(address, subprotocols=list(protocols), timeout=timeout, **options)
        self.words: list[dict[str, Any]] = []
        self._unread = b""

    @classmethod
    def open(
        cls, http: httpx.Client, name: str, headers: Mapping[str, str] | None = None, protocol: str = WORDS, **wanted: str
    ) -> Console:
        given = ticket(http, name, headers, **wanted)
        return cls(http.base_url, given["path"], protocol, given["ticket"])

    def message(self) -> bytes | None:
        """Returns the next bytes; None: a word came, see ``words``."""
        kind, data = self.socket.recv_data()
        if kind == websocket.ABNF.OPCODE_CLOSE:
            raise Ended(int.from_bytes(data[:2], "big"), data[2:].decode())
        if kind == websocket.ABNF.OPCODE_TEXT:
            self.words.append(json.loads(data))
            return None
        return bytes(data)

    def read(self, count: int) -> bytes:
        while len(self._unread) < count:
            self._unread += self.message() or b""
        found, self._unread = self._unread[:count], self._unread[count:]
        return found

    def word(self, kind: str) -> dict[str, Any]:
        """Waits for a word of that type, past all others, and returns it. Bytes on the way are dropped."""
        self._unread = b""
        while not any(word["type"] == kind for word in self.words):
            self.message()
        found = next(word for word in self.words if word["type"] == kind)
        self.words = self.words[self.words.index(found) + 1 :]
        return found

    def end(self) -> Ended:
        """Waits until the server closes it."""
        try:
            while True:
                self.message()
        except Ended as ended:
            return ended

    def send(self, data: bytes) -> None:
        self.socket.send_binary(data)

    def greet(self) -> tuple[int, int]:
        """Goes through RFB's handshake. Returns width and height of the screen."""
        assert self.read(12) == VERSION
        self.send(VERSION)
        assert self.read(self.read(1)[0]) == b"\x01"
        self.send(b"\x01")
        assert self.read(4) == bytes(4)
        self.send(b"\x01")
        init = self.read(24)
        self.read(int.from_bytes(init[20:24], "big"))
        return int.from_bytes(init[:2], "big"), int.from_bytes(init[2:4], "big")

    def picture(self, size: tuple[int, int]) -> bytes:
        """Asks for the whole screen, and returns its pixels, of 4 bytes each."""
        width, height = size
        self.send(b"\x02\x00\x00\x01" + bytes(4))  # raw only
        self.send(b"\x03\x00" + bytes(4) + width.to_bytes(2, "big") + height.to_bytes(2, "big"))
        screen = bytearray(4 * width * height)
        left = width * height
        while left > 0:
            head = self.read(4)
            assert head[0] == 0, f"a message of type {head[0]}"
            for _ in range(int.from_bytes(head[2:4], "big")):
                x, y, w, h = (int.from_bytes(part, "big") for part in (self.read(2), self.read(2), self.read(2), self.read(2)))
                assert self.read(4) == bytes(4)
                for row in range(h):
                    at = 4 * ((y + row) * width + x)
                    screen[at : at + 4 * w] = self.read(4 * w)
                left -= w * h
        return bytes(screen)

    def close(self) -> None:
        self.socket.close()


class Sitter:
    """Somebody before a serial line, who remembers what came. He reads all the time, as pages do."""

    def __init__(self, http: httpx.Client, machine: str, headers: Mapping[str, str] | None = None, **asked: str) -> None:
        given = ticket(http, machine, headers, kind="serial", **asked)
        self._socket = Console(http.base_url, given["path"], given["ticket"], WORDS, timeout=60).socket
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


_SDP = "v=0\r\na=fingerprint:sha-256 00\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
GARBLED: Mapping[str, tuple[dict[str, Any], str]] = {
    "another type": ({"type": "answer"}, "another type"),
    "an empty offer": ({"type": "offer", "sdp": "v=0\r\n"}, "one data channel"),
    "an offer of nothing": ({"type": "offer", "sdp": _SDP}, "the offer cannot be taken"),
    "a candidate at first": (
        {"type": "candidate", "candidate": {"candidate": "candidate:x", "sdpMid": "0"}},
        "a candidate before the offer",
    ),
}
"""What a viewer by WebRTC may say that ends it, and what it hears then."""


async def webrtc_offer() -> str:
    """Returns the offer of a viewer who wants a data channel, and never comes."""
    import aiortc

    viewer = aiortc.RTCPeerConnection(aiortc.RTCConfiguration([]))
    viewer.createDataChannel("rfb")
    try:
        return str((await viewer.createOffer()).sdp)
    finally:
        await viewer.close()
