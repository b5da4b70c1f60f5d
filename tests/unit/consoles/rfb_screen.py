"""A screen as QEMU has one, on a socket: a small RFB server that says what a test wants."""

from __future__ import annotations

import asyncio
import socket

from homeostat.consoles.rfb import VERSION

ASKS_ALL, ASKS_MORE = 0, 1
RED = b"\x00\x00\xff\x00"


def number(*values: int) -> bytes:
    return b"".join(value.to_bytes(2, "big") for value in values)


def update(*rectangles: bytes) -> bytes:
    return b"\x00\x00" + number(len(rectangles)) + b"".join(rectangles)


def raw(x: int, y: int, width: int, height: int, pixel: bytes = RED) -> bytes:
    return number(x, y, width, height) + bytes(4) + pixel * (width * height)


def copied(x: int, y: int, width: int, height: int, from_x: int, from_y: int) -> bytes:
    return number(x, y, width, height) + b"\x00\x00\x00\x01" + number(from_x, from_y)


def resized(width: int, height: int) -> bytes:
    return number(0, 0, width, height) + (-223).to_bytes(4, "big", signed=True)


def server_init(width: int, height: int) -> bytes:
    return number(width, height) + bytes(16) + b"\x00\x00\x00\x03web"


class RfbScreen:
    """``theirs``: the socket of whoever looks."""

    def __init__(self, width: int = 4, height: int = 2) -> None:
        self.theirs, self.socket = socket.socketpair()
        self.socket.setblocking(False)
        self.size = (width, height)

    async def open(self) -> socket.socket | None:
        return self.theirs

    async def shakes_hands(self) -> None:
        await self.sends(VERSION)
        assert await self.gets(12) == VERSION
        await self.sends(b"\x01\x01")
        assert await self.gets(1) == b"\x01"
        await self.sends(bytes(4))
        assert await self.gets(1) == b"\x01", "it shares the screen, whatever the viewer wants"
        await self.sends(server_init(*self.size))

    async def greets(self) -> None:
        """Goes through the handshake, and takes the pixel format and the encodings."""
        await self.shakes_hands()
        assert (await self.gets(20))[:8] == b"\x00\x00\x00\x00\x20\x18\x00\x01"
        head = await self.gets(4)
        await self.gets(4 * int.from_bytes(head[2:], "big"))

    async def is_asked(self) -> int:
        """Returns whether all is asked for, or more, of the whole screen."""
        asked = await self.gets(10)
        assert asked[0] == 3 and asked[2:] == number(0, 0, *self.size), asked
        return asked[1]

    async def shows(self, *rectangles: bytes) -> None:
        await self.sends(update(*rectangles))

    async def sends(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.socket, data)

    async def gets(self, count: int) -> bytes:
        found = b""
        async with asyncio.timeout(5):
            while len(found) < count:
                part = await asyncio.get_running_loop().sock_recv(self.socket, count - len(found))
                if not part:
                    raise EOFError
                found += part
        return found

    async def is_left(self) -> None:
        """Waits until whoever looked has gone."""
        async with asyncio.timeout(5):
            while await asyncio.get_running_loop().sock_recv(self.socket, 4096):
                pass
