"""Both handshakes of RFB: QEMU's as a viewer that shares, a viewer's as a server without a password, and nothing is believed."""

from __future__ import annotations

import asyncio

import pytest

from homeostat.consoles.rfb import VERSION, RfbError, greet_server, greet_viewer

HEAD = bytes.fromhex("02d00190") + bytes(16)
NAME = b"QEMU (web)"
INIT = HEAD + len(NAME).to_bytes(4, "big") + NAME


class Said:
    """One side, which says all of it at once; and what was sent to it."""

    def __init__(self, said: bytes) -> None:
        self.reader = asyncio.StreamReader()
        self.reader.feed_data(said)
        self.reader.feed_eof()
        self.sent = b""

    async def send(self, data: bytes) -> None:
        self.sent += data


async def server(said: bytes) -> tuple[bytes, bytes]:
    side = Said(said)
    return await greet_server(side.reader, side.send), side.sent


async def viewer(said: bytes) -> bytes:
    side = Said(said)
    await greet_viewer(side.reader, side.send)
    return side.sent


@pytest.mark.parametrize("types", [b"\x01\x01", b"\x02\x02\x01", b"\x03\x13\x01\x02"])
async def test_a_screen_is_shared_and_asks_for_nothing(types: bytes) -> None:
    assert await server(VERSION + types + bytes(4) + INIT) == (INIT, VERSION + b"\x01" + b"\x01")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"HTTP/1.1 400", "does not speak RFB"),
        (b"RFB 003.008 ", "does not speak RFB"),
        (VERSION + b"\x01\x02", "asks for a password"),
        (VERSION + b"\x00\x00\x00\x00\x04busy", "refuses viewers: busy"),
        (VERSION + b"\x01\x01" + b"\x00\x00\x00\x01\x00\x00\x00\x03\xffno", "refuses viewers: .no"),
        (VERSION + b"\x01\x01" + bytes(4) + HEAD + b"\x00\x00\x04\x01", "a name of 1025 bytes"),
    ],
)
async def test_a_screen_that_does_not_let_look(said: bytes, words: str) -> None:
    with pytest.raises(RfbError, match=words):
        await server(said)


async def test_a_screen_of_the_longest_name() -> None:
    init = HEAD + b"\x00\x00\x04\x00" + bytes(1024)
    assert (await server(VERSION + b"\x01\x01" + bytes(4) + init))[0] == init


@pytest.mark.parametrize("end", [0, 11, 13, 17, 30])
async def test_a_screen_that_goes_in_the_middle(end: int) -> None:
    with pytest.raises(EOFError):
        await server((VERSION + b"\x01\x01" + bytes(4) + INIT)[:end])


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        (b"RFB 003.003\n\x00", b"\x00\x00\x00\x01"),
        (b"RFB 003.005\n\x00", b"\x00\x00\x00\x01"),
        (b"RFB 003.007\n\x01\x00", b"\x01\x01"),
        (b"RFB 003.008\n\x01\x00", b"\x01\x01" + bytes(4)),
    ],
)
async def test_a_viewer_of_each_version(said: bytes, sent: bytes) -> None:
    assert await viewer(said) == VERSION + sent


@pytest.mark.parametrize(
    ("said", "words"),
    [(b"RFB 004.000\n", "3.3, 3.7 or 3.8"), (b"GET / HTTP/1", "3.3, 3.7 or 3.8"), (b"RFB 003.008\n\x02", "type 2")],
)
async def test_a_viewer_that_wants_something_else(said: bytes, words: str) -> None:
    with pytest.raises(RfbError, match=words):
        await viewer(said)
