"""The pixels of one screen, as the messages of its server paint them (RFC 6143, 7.6 and 7.7)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .rfb import RfbError, Source

PIXELS_MAX = 16 * 1024 * 1024  # of one screen: 4096 × 4096, or 64 MB
BYTES = 4  # of a pixel: blue, green, red, and one that means nothing
RAW, COPY, SIZE = 0, 1, -223  # the encodings that are asked for
# 32 bits of which 24 mean something, little-endian, true colour, 8 bits each of red, green and blue
FORMAT = bytes([0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0])
ENCODINGS = b"\x02\x00\x00\x03" + b"".join(code.to_bytes(4, "big", signed=True) for code in (COPY, RAW, SIZE))
_RECTANGLE = struct.Struct(">4Hi")  # place, size and encoding
_BAND = 256 * 1024  # bytes of a rectangle that are read at once
_TEXT_MAX = 1024 * 1024  # bytes that a guest copies for its viewers


@dataclass(frozen=True, slots=True)
class Painted:
    """What a message did: it painted something, or the screen has another size now, with nothing on it."""

    painted: bool = False
    resized: bool = False


class Framebuffer:
    """A screen. ``painted``: it holds a whole picture of the size that it has now."""

    def __init__(self, width: int, height: int) -> None:
        """Takes the size in pixels.

        Raises:
            RfbError: it is none, or too large.
        """
        self.painted = False
        self._resize(width, height)

    @property
    def asks_all(self) -> bytes:
        """Returns the message that asks for the whole screen, whatever was seen of it."""
        return self._asks(0)

    @property
    def asks_more(self) -> bytes:
        """Returns the message that asks for what changes."""
        return self._asks(1)

    def _asks(self, incremental: int) -> bytes:
        return bytes([3, incremental, 0, 0, 0, 0]) + self.width.to_bytes(2, "big") + self.height.to_bytes(2, "big")

    async def take(self, kind: int, source: Source) -> Painted:
        """Reads the rest of one message of the server's, whose first byte was ``kind``, and paints what it says.

        Raises:
            RfbError: it is none, or says something that cannot be.
            EOFError: the server has gone.
        """
        match kind:
            case 0:
                return await self._update(source)
            case 1:  # colours of a palette, which a screen of this format does not have
                await source.readexactly(3)
                await _skip(source, 6 * await _number(source, 2))
            case 2:  # the bell
                pass
            case 3:  # text that the guest copied
                await source.readexactly(3)
                await _skip(source, await _number(source, 4))
            case _:
                raise RfbError(f"the screen sent a message of type {kind}, which nobody asked for")
        return Painted()

    async def _update(self, source: Source) -> Painted:
        await source.readexactly(1)
        painted = resized = False
        for _ in range(await _number(source, 2)):
            x, y, width, height, encoding = _RECTANGLE.unpack(await source.readexactly(_RECTANGLE.size))
            if encoding == SIZE:
                self._resize(width, height)
                resized, painted = True, False
                continue
            self._check(x, y, width, height)
            if encoding == RAW:
                await self._paint(source, x, y, width, height)
            elif encoding == COPY:
                from_x, from_y = await _number(source, 2), await _number(source, 2)
                self._check(from_x, from_y, width, height)
                self._copy((from_x, from_y), (x, y), width, height)
            else:
                raise RfbError(f"the screen sent a rectangle of encoding {encoding}, which nobody asked for")
            painted = True
        self.painted = self.painted or painted
        return Painted(painted, resized)

    def _resize(self, width: int, height: int) -> None:
        if width * height == 0 or width * height > PIXELS_MAX:
            raise RfbError(f"the screen has {width} × {height} pixels, and {PIXELS_MAX} are the most")
        self.width, self.height = width, height
        self.pixels = bytearray(BYTES * width * height)
        self.painted = False

    def _check(self, x: int, y: int, width: int, height: int) -> None:
        if x + width > self.width or y + height > self.height:
            raise RfbError(f"the screen has {self.width} × {self.height} pixels, and sent some beyond its edge")

    async def _paint(self, source: Source, x: int, y: int, width: int, height: int) -> None:
        line = BYTES * width
        rows = max(1, _BAND // max(1, line))
        while height > 0 and line > 0:
            rows = min(rows, height)
            band = memoryview(await source.readexactly(rows * line))
            at, stride = BYTES * (y * self.width + x), BYTES * self.width
            if line == stride:
                self.pixels[at : at + rows * line] = band
            else:
                for row in range(0, rows * line, line):
                    self.pixels[at : at + line] = band[row : row + line]
                    at += stride
            y, height = y + rows, height - rows

    def _copy(self, source: tuple[int, int], target: tuple[int, int], width: int, height: int) -> None:
        (from_x, from_y), (x, y) = source, target
        rows = range(height) if y <= from_y else reversed(range(height))  # so that no row is lost before it is copied
        for row in rows:
            at = BYTES * ((from_y + row) * self.width + from_x)
            line = bytes(self.pixels[at : at + BYTES * width])
            at = BYTES * ((y + row) * self.width + x)
            self.pixels[at : at + BYTES * width] = line


async def _number(source: Source, count: int) -> int:
    return int.from_bytes(await source.readexactly(count), "big")


async def _skip(source: Source, count: int) -> None:
    if count > _TEXT_MAX:
        raise RfbError(f"the screen sent {count} bytes at once, and {_TEXT_MAX} are the most")
    await source.readexactly(count)
