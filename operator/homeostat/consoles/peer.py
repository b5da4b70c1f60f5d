"""A viewer behind WebRTC: the only module that imports aiortc, which not everybody has installed.

aiortc reads what viewers send, and raises whatever comes to it where that is garbage: so whatever it raises there ends the
viewer, with a reason.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from fractions import Fraction
from ipaddress import ip_address
from typing import cast

from aiortc import MediaStreamTrack, RTCConfiguration, RTCDataChannel, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.exceptions import InvalidStateError
from aiortc.sdp import candidate_from_sdp
from av import VideoFrame

from .film import Film
from .framebuffer import BYTES
from .frames import Shot
from .signalling import Candidate, Garbled, IceServer, PeerOffer
from .sitting import WORDS, Close, End, Left, Word

CHANNEL = "rfb"
CONNECT = 30.0  # seconds in which an offer has to come, and to lead to an open channel
ANSWER = 10.0  # seconds in which an answer is made: it lists the addresses that STUN and TURN servers give us
LOOK = 1.0  # seconds between looks whether a message of the viewer's has become too long
LAST = 1.0  # seconds in which a viewer may take the last word
CLOSING = 5.0  # seconds in which a connection is closed
SENT_MAX = 256 * 1024  # bytes that wait to be sent
UNREAD_MAX = 1024 * 1024  # bytes that a viewer sent, and that nobody took yet
PORT_MAX = 65535
CLOCK = 90_000  # ticks of a video's clock in a second
VIDEO_PIXELS = 1920 * 1200  # of a video; a larger screen is made smaller
NOT_FOUND = "no way to the viewer was found, or it broke: where there is a firewall or NAT between, it takes a TURN server"

log = logging.getLogger("homeostat.api")


class Peer:
    """A ``Viewer``, from before it is connected. ``failure``: why it went, where it did not simply leave."""

    def __init__(self, servers: Sequence[IceServer], film: Film) -> None:
        self.failure: End | None = None
        self._film = film
        self._connection = RTCPeerConnection(_configuration(servers))
        self._connection.on("datachannel", self._take_channel)
        self._connection.on("connectionstatechange", self._state_changed)
        self._channel: RTCDataChannel | None = None
        self._opened = asyncio.Event()  # it is open, or has gone
        self._sent = asyncio.Event()  # something was sent, or it has gone
        self._received: asyncio.Queue[bytes | None] = asyncio.Queue()  # None: it has gone
        self._unread = 0
        self._offered = self._over = False
        self._alarm = asyncio.get_running_loop().call_later(CONNECT, self._not_connected)

    @property
    def offered(self) -> bool:
        """Tells whether the viewer made its offer: then it needs signalling no more."""
        return self._offered

    @property
    def understands(self) -> bool:
        return self._channel is not None and self._channel.protocol == WORDS

    async def answer(self, offer: PeerOffer) -> str:
        """Takes the viewer's offer, and returns the answer, in SDP.

        Raises:
            Garbled: it is none, or asks for what there is not.
        """
        if self._offered:
            raise Garbled("a connection takes one offer: open another one")
        self._offered = True
        try:
            async with asyncio.timeout(ANSWER):
                await self._connection.setRemoteDescription(RTCSessionDescription(_without_names(offer.sdp), "offer"))
                for transceiver in self._connection.getTransceivers():
                    transceiver.sender.replaceTrack(FilmTrack(self._film, self.say))
                    transceiver.direction = "sendonly"  # what he sends is not even decoded
                await self._connection.setLocalDescription(await self._connection.createAnswer())
        except Garbled:
            raise
        except TimeoutError as error:
            raise Garbled(f"no answer to the offer could be made within {ANSWER:.0f} seconds") from error
        except Exception as error:
            log.debug("webrtc: an offer that aiortc does not take: %r", error)
            raise Garbled("the offer cannot be taken: it is no SDP that leads to a connection") from error
        return str(self._connection.localDescription.sdp)

    async def add(self, candidate: Candidate) -> None:
        """Notes an address of the viewer's.

        Raises:
            Garbled: it is none, or comes before the offer, which says what it is for.
        """
        if not self._offered:
            raise Garbled("a candidate before the offer")
        text = candidate.text.removeprefix("candidate:")
        try:
            if _is_address(text):
                found = candidate_from_sdp(text)
                found.sdpMid, found.sdpMLineIndex = candidate.mid, candidate.line
                await self._connection.addIceCandidate(found)
        except Garbled:
            raise
        except Exception as error:
            log.debug("webrtc: a candidate that aiortc does not take: %r", error)
            raise Garbled("a candidate cannot be taken: it does not say where the viewer is") from error

    async def receive(self) -> bytes:
        if (data := await self._received.get()) is None:
            self._received.put_nowait(None)
            raise Left
        self._unread -= len(data)
        return data

    async def send(self, data: bytes) -> None:
        await self._send(data)

    async def say(self, word: Word) -> None:
        await self._opened.wait()
        if self._over:
            raise Left
        if self.understands:
            await self._send(json.dumps(word))

    async def close(self, end: End) -> None:
        """Ends it, and tells why to a viewer that understands words."""
        self.leave()
        with suppress(InvalidStateError, TimeoutError):
            async with asyncio.timeout(LAST):
                await self._tell_last({"type": "bye", "code": int(end.code), "message": end.why})
        try:
            async with asyncio.timeout(CLOSING):
                await self._connection.close()
        except TimeoutError:
            log.error("a WebRTC connection could not be closed within %.0f seconds", CLOSING)

    def fail(self, end: End) -> None:
        """Notes why the viewer is to go. The first reason counts."""
        self.failure = self.failure or end
        self.leave()

    def leave(self) -> None:
        """Notes that the viewer has gone."""
        self._over = True
        self._alarm.cancel()
        self._opened.set()
        self._sent.set()
        self._received.put_nowait(None)

    async def _send(self, data: bytes | str) -> None:
        channel = await self._until_waiting(SENT_MAX)
        try:
            channel.send(data)
        except InvalidStateError as error:
            raise Left from error
        except ValueError as error:  # by its offer it takes smaller messages only
            self.fail(End(Close.PROTOCOL, str(error)))
            raise Left from error

    async def _until_waiting(self, most: int) -> RTCDataChannel:
        """Waits until no more than so many bytes wait to be sent."""
        await self._opened.wait()
        while not self._over and self._channel is not None:
            if self._channel.bufferedAmount <= most:
                return self._channel
            self._sent.clear()
            self._channel.bufferedAmountLowThreshold = most
            await self._sent.wait()
        raise Left

    async def _tell_last(self, word: Word) -> None:
        channel = self._channel
        if channel is None or not self.understands:
            return
        channel.send(json.dumps(word))
        channel.bufferedAmountLowThreshold = 0
        while channel.bufferedAmount > 0 and channel.readyState == "open":
            self._sent.clear()
            await self._sent.wait()

    def _take_channel(self, channel: RTCDataChannel) -> None:
        if self._over or self._channel is not None or channel.label != CHANNEL or not channel.ordered:
            channel.close()
            return
        self._channel = channel
        self._look()
        channel.on("message", self._take)
        channel.on("bufferedamountlow", self._sent.set)
        channel.on("close", self.leave)
        self._alarm.cancel()
        self._opened.set()

    def _take(self, data: bytes | str) -> None:
        if isinstance(data, str):
            self.fail(End(Close.PROTOCOL, "the viewer sent a text, and takes part in bytes only"))
            return
        self._unread += len(data)
        if self._unread > UNREAD_MAX or self._received.qsize() > UNREAD_MAX // 64:
            self.fail(End(Close.TOO_BIG, f"the viewer sent more than {UNREAD_MAX} bytes at once"))
        else:
            self._received.put_nowait(data)

    def _look(self) -> None:
        """Ends it once much more has come than aiortc said it takes: it keeps the parts of a message until the last is there."""
        if self._over:
            return
        if getattr(self._connection.sctp, "_advertised_rwnd", 0) < -UNREAD_MAX:
            self.fail(End(Close.TOO_BIG, "the viewer sent a message that is too long"))
        asyncio.get_running_loop().call_later(LOOK, self._look)

    def _state_changed(self) -> None:
        match self._connection.connectionState:
            case "failed":
                self.fail(End(Close.LATER, NOT_FOUND))
            case "closed":
                self.leave()

    def _not_connected(self) -> None:
        why = NOT_FOUND if self._offered else f"no offer came within {CONNECT:.0f} seconds"
        self.fail(End(Close.LATER, why))


class FilmTrack(MediaStreamTrack):
    """A film as aiortc sends it. ``say``: tells the viewer why it is dark."""

    kind = "video"

    def __init__(self, film: Film, say: Callable[[Word], Awaitable[None]]) -> None:
        super().__init__()
        self._film, self._say = film, say
        self._said = ""
        self._copy: VideoFrame | None = None
        self._began = time.monotonic()

    async def recv(self) -> VideoFrame:
        shot = await self._film.next()
        self._copy = _copied(shot, self._copy)
        if (why := self._film.trouble) not in ("", self._said):
            with suppress(Left):
                await self._say({"type": "video", "message": why})
        self._said = why
        frame = await asyncio.to_thread(_made, self._copy)
        frame.pts, frame.time_base = int((time.monotonic() - self._began) * CLOCK), Fraction(1, CLOCK)
        return frame


def _copied(shot: Shot, last: VideoFrame | None) -> VideoFrame:
    """Returns a picture of even width and height. ``last``: one that is needed no more, whose memory may be used again."""
    width, height = max(2, shot.width & ~1), max(2, shot.height & ~1)
    same = last is not None and (last.width, last.height) == (width, height)
    frame = last if last is not None and same else VideoFrame(width, height, "bgr0")
    plane, line = frame.planes[0], BYTES * shot.width
    if plane.line_size == line and height == shot.height:
        plane.update(cast(bytes, shot.pixels))  # any buffer does
    else:
        rows = (shot.pixels[row * line : row * line + min(line, BYTES * width)] for row in range(min(height, shot.height)))
        plane.update(b"".join(row.ljust(plane.line_size, b"\0") for row in rows).ljust(plane.buffer_size, b"\0"))
    return frame


def _made(frame: VideoFrame) -> VideoFrame:
    """Returns a picture as a video has it, and not too large."""
    width, height = frame.width, frame.height
    shrink = max(1.0, width * height / VIDEO_PIXELS) ** 0.5
    return frame.reformat(int(width / shrink) & ~1, int(height / shrink) & ~1, "yuv420p")


def _configuration(servers: Sequence[IceServer]) -> RTCConfiguration:
    """Returns what aiortc is to use: without a list it would ask a public STUN server."""
    return RTCConfiguration([RTCIceServer(list(one.urls), one.username, one.credential) for one in servers])


def _without_names(sdp: str) -> str:
    """Returns an offer without candidates that are names, which browsers make up to hide their addresses from pages. To look one
    up would hold the answer up; a viewer who is not called finds the server, whose addresses the answer has."""
    kept = (line for line in sdp.splitlines() if not line.startswith("a=candidate:") or _is_address(line))
    return "".join(f"{line}\r\n" for line in kept)


def _is_address(candidate: str) -> bool:
    """Tells whether a candidate is an address. What is no candidate at all is left to whoever reads it.

    Raises:
        Garbled: it has a port that no address has, at which aiortc fails only when it sends, where nobody waits for it.
    """
    parts = candidate.split(maxsplit=6)
    if len(parts) < 6:
        return True
    try:
        ip_address(parts[4])
    except ValueError:
        return False
    if not re.fullmatch("[0-9]{1,5}", parts[5]) or int(parts[5]) > PORT_MAX:
        raise Garbled(f"a candidate cannot be taken: its port is no number from 0 to {PORT_MAX}")
    return True
