"""What a screen's messages paint."""

from __future__ import annotations

import asyncio

import pytest

from homeostat.consoles.framebuffer import Framebuffer
from tests.unit.consoles.rfb_screen import copied, raw, update


async def painted(screen: Framebuffer, message: bytes) -> list[list[int]]:
    """Takes a message, and returns the first byte of each pixel, row by row."""
    source = asyncio.StreamReader()
    source.feed_data(message)
    source.feed_eof()
    await screen.take((await source.readexactly(1))[0], source)
    assert await source.read() == b"", "it took all of the message"
    line = 4 * screen.width
    return [list(screen.pixels[row * line : (row + 1) * line : 4]) for row in range(screen.height)]


def pixel(value: int) -> bytes:
    return bytes([value, 0, 0, 0])


async def test_rectangles_are_where_they_belong() -> None:
    screen = Framebuffer(3, 3)
    found = await painted(screen, update(raw(1, 0, 2, 1, pixel(1)), raw(0, 1, 1, 2, pixel(2))))
    assert found == [[0, 1, 1], [2, 0, 0], [2, 0, 0]] and screen.painted


async def test_large_ones_are_read_in_bands() -> None:
    screen = Framebuffer(300, 300)
    found = await painted(screen, update(raw(0, 0, 300, 300, pixel(7))))
    assert all(row == [7] * 300 for row in found)


async def test_one_without_pixels_paints_nothing() -> None:
    assert await painted(Framebuffer(2, 2), update(raw(0, 0, 0, 2))) == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("move", "rows"),
    [((0, 1, 1, 2, 0, 0), [1, 1, 2]), ((0, 0, 1, 2, 0, 1), [2, 3, 3])],
    ids=["down", "up"],
)
async def test_what_is_copied_may_overlap(move: tuple[int, int, int, int, int, int], rows: list[int]) -> None:
    screen = Framebuffer(1, 3)
    await painted(screen, update(*(raw(0, row, 1, 1, pixel(row + 1)) for row in range(3))))
    assert await painted(screen, update(copied(*move))) == [[row] for row in rows]


@pytest.mark.parametrize(
    "message",
    [b"\x02", b"\x01\x00\x00\x00\x00\x02" + bytes(12), b"\x03\x00\x00\x00\x00\x00\x00\x05hello"],
    ids=["bell", "palette", "text"],
)
async def test_what_else_a_screen_says_is_passed_over(message: bytes) -> None:
    screen = Framebuffer(1, 1)
    assert await painted(screen, message) == [[0]] and not screen.painted
