"""The RFB protocol of screens (RFC 6143, and what QEMU adds to it), as far as whoever stands between a viewer and QEMU has to
know it: both handshakes, and where a viewer's messages end.

Neither side is believed. A viewer is not let near QEMU's security types, is always one of several, and sends only messages that
are known here, of bounded lengths. What QEMU sends is passed on as it is, but for its greeting.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol

VERSION = b"RFB 003.008\n"
NO_PASSWORD = 1  # the security type
NAME_MAX = 1024  # bytes of a screen's name; QEMU says "QEMU (" and that of the domain
PASTE_MAX = 256 * 1024  # bytes that a viewer pastes at once
ENCODINGS_MAX = 256  # that a viewer knows; noVNC has about 25
SCREENS_MAX = 16  # of a layout that a viewer asks for
_REASON_MAX = 1024

READING = frozenset({0, 2, 3, 150, 248})
"""The types of messages that change nothing in the guest: SetPixelFormat, SetEncodings, FramebufferUpdateRequest,
EnableContinuousUpdates and Fence. All others do: keys, pointer, pasted text, another size, power."""


class RfbError(Exception):
    """A side does not speak the protocol, or not within its bounds. The text says what it did."""


class Source(Protocol):
    """Where the bytes of one side come from."""

    async def readexactly(self, count: int) -> bytes:
        """Returns so many bytes. Raises EOFError where the side has gone first."""


Send = Callable[[bytes], Awaitable[None]]


async def greet_server(source: Source, send: Send) -> bytes:
    """Greets a VNC server as a viewer that shares the screen with others. Returns its ServerInit: size, pixel format, name.

    Raises:
        RfbError: it is none, or asks for a password.
        EOFError: it has gone.
    """
    said = await source.readexactly(12)
    if not said.startswith(b"RFB 003.") or not said.endswith(b"\n"):
        raise RfbError("the screen does not speak RFB 3")
    await send(VERSION)
    count = (await source.readexactly(1))[0]
    if count == 0:
        raise RfbError(f"the screen refuses viewers: {await _reason(source)}")
    if NO_PASSWORD not in await source.readexactly(count):
        raise RfbError("the screen asks for a password")
    await send(bytes([NO_PASSWORD]))
    if int.from_bytes(await source.readexactly(4), "big") != 0:
        raise RfbError(f"the screen refuses viewers: {await _reason(source)}")
    await send(b"\x01")  # ClientInit: others may look, too
    head = await source.readexactly(24)
    length = int.from_bytes(head[20:24], "big")
    if length > NAME_MAX:
        raise RfbError(f"the screen has a name of {length} bytes")
    return head + await source.readexactly(length)


async def greet_viewer(source: Source, send: Send) -> None:
    """Greets a viewer as a VNC server without a password, of RFB 3.3, 3.7 or 3.8 as it likes. What follows is ServerInit.

    Raises:
        RfbError: it speaks something else.
        EOFError: it has gone.
    """
    await send(VERSION)
    version = await source.readexactly(12)
    match version:
        case b"RFB 003.003\n" | b"RFB 003.005\n":
            await send(NO_PASSWORD.to_bytes(4, "big"))
        case b"RFB 003.007\n" | b"RFB 003.008\n":
            await send(bytes([1, NO_PASSWORD]))
            if (chosen := await source.readexactly(1)) != bytes([NO_PASSWORD]):
                raise RfbError(f"the viewer chose the security type {chosen[0]}, which was not offered")
            if version == VERSION:
                await send(bytes(4))
        case _:
            raise RfbError("the viewer does not speak RFB 3.3, 3.7 or 3.8")
    await source.readexactly(1)  # ClientInit: whether others may look, which is not his to say


async def _reason(source: Source) -> str:
    length = int.from_bytes(await source.readexactly(4), "big")
    return (await source.readexactly(min(length, _REASON_MAX))).decode("utf-8", "replace")


class ViewerMessages:
    """Cuts what a viewer sends after the handshake into messages."""

    def __init__(self) -> None:
        self._unread = bytearray()

    def feed(self, received: bytes) -> Iterator[bytes]:
        """Takes bytes, and yields each message that is whole by now.

        Raises:
            RfbError: one is of no type that is known, or longer than one may be.
        """
        self._unread += received
        while (length := _length(self._unread)) is not None and len(self._unread) >= length:
            yield bytes(self._unread[:length])
            del self._unread[:length]


_FIXED = {0: 20, 3: 10, 4: 8, 5: 6, 150: 10, 250: 4}
_QEMU = {0: 12, 1: 4}  # by the second byte: a key by its scan code; audio


def _length(message: bytearray) -> int | None:
    """Returns the bytes that a message has. None: too few of them are there to tell."""
    if not message:
        return None
    kind = message[0]
    if kind in _FIXED:
        return _FIXED[kind]
    match kind:
        case 2:  # SetEncodings
            return None if len(message) < 4 else 4 + 4 * _bounded(message[2:4], ENCODINGS_MAX, "encodings")
        case 6:  # ClientCutText; the extended form has a negative length
            if len(message) < 8:
                return None
            length = abs(int.from_bytes(message[4:8], "big", signed=True))
            if length > PASTE_MAX:
                raise RfbError(f"the viewer pasted {length} bytes at once, and {PASTE_MAX} are the most")
            return 8 + length
        case 248:  # Fence
            return None if len(message) < 9 else 9 + _bounded(message[8:9], 64, "bytes of a fence")
        case 251:  # SetDesktopSize
            return None if len(message) < 8 else 8 + 16 * _bounded(message[6:7], SCREENS_MAX, "screens")
        case 255:  # QEMU's own
            if len(message) < 4:
                return None
            if message[1] == 1 and int.from_bytes(message[2:4], "big") == 2:  # the format of audio
                return 10
            if message[1] in _QEMU:
                return _QEMU[message[1]]
    raise RfbError(f"the viewer sent a message of type {kind}, which no screen here takes")


def _bounded(number: bytes | bytearray, most: int, what: str) -> int:
    found = int.from_bytes(number, "big")
    if found > most:
        raise RfbError(f"the viewer sent {found} {what}, and {most} are the most")
    return found
