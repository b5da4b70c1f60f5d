"""A screen of text that scrolls all the time, as QEMU's VNC server sends it: a program on a socket, which shows that a key was
typed."""

from __future__ import annotations

import asyncio
import sys
from random import Random

WIDTH, HEIGHT = 1024, 768
TICK = 0.03  # seconds between two pictures: QEMU looks as often
TILE = 16  # pixels
LAMP = 64  # pixels of the square at the corner that changes with each key
LINES = 60  # of the text


def number(*values: int) -> bytes:
    return b"".join(value.to_bytes(2, "big") for value in values)


def _rectangle(x: int, y: int, width: int, height: int, pixels: bytes) -> bytes:
    return number(x, y, width, height) + bytes(4) + pixels


def _text() -> list[tuple[int, bytes]]:
    """Lines of text, as their widths and pixels."""
    chance, found = Random(1), []
    for _ in range(LINES):
        width = TILE * chance.randint(16, WIDTH // TILE)
        letters = [bytes(4) if chance.random() < 0.6 else b"\xc0\xc0\xc0\x00" for _ in range(width // 2)]
        found.append((width, b"".join(2 * letter for letter in letters) * (TILE - 4) + bytes(4 * 4 * width)))
    return found


class Painter:
    """All viewers see the same. ``lit``: how often a key was typed."""

    def __init__(self) -> None:
        self._text = _text()
        self._lit = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._greet(reader, writer)
            await self._show(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _line(self, which: int, row: int) -> bytes:
        """A line, and the end of the one that was there before, where that is longer."""
        (width, pixels), (before, _) = self._text[which % LINES], self._text[(which - 1) % LINES]
        rest = max(0, before - width)
        at = row * TILE
        return _rectangle(0, at, width, TILE, pixels) + _rectangle(width, at, rest, TILE, bytes(4 * rest * TILE))

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for said, answered in ((b"RFB 003.008\n", 12), (b"\x01\x01", 1), (bytes(4), 1)):
            writer.write(said)
            await reader.readexactly(answered)
        shape = bytes([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0])
        writer.write(number(WIDTH, HEIGHT) + shape + b"\x00\x00\x00\x07painter")

    async def _show(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = asyncio.Event()
        listening = asyncio.create_task(self._listen(reader, asked))
        shown = 0
        try:
            while not listening.done():
                await asyncio.sleep(TICK)
                if not asked.is_set():
                    continue
                asked.clear()
                shown += 1
                lamp = (b"\xff" if self._lit % 2 else b"\x00") * (4 * LAMP * LAMP)
                parts = [self._line(shown + row, row) for row in range(HEIGHT // TILE)]
                parts.append(_rectangle(0, 0, LAMP, LAMP, lamp))
                writer.write(b"\x00\x00" + number(2 * len(parts) - 1) + b"".join(parts))
                await writer.drain()
        finally:
            listening.cancel()

    async def _listen(self, reader: asyncio.StreamReader, asked: asyncio.Event) -> None:
        rest = {0: 19, 3: 9, 4: 7, 5: 5}
        while True:
            kind = (await reader.readexactly(1))[0]
            if kind == 2:
                head = await reader.readexactly(3)
                await reader.readexactly(4 * int.from_bytes(head[1:], "big"))
                continue
            said = await reader.readexactly(rest[kind])
            if kind == 3:
                asked.set()
            elif kind == 4 and said[0]:
                self._lit += 1


async def _main(path: str) -> None:
    server = await asyncio.start_unix_server(Painter().serve, path)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
