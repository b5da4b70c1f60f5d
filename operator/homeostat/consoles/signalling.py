"""What two peers of WebRTC say to each other before they are connected: messages of JSON, over a WebSocket.

Nothing of it is believed. A message is of a type that is known here and of a bounded length, and what it describes is small
enough to be handed to the library that reads it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, TypeAlias

SDP_MAX = 64 * 1024  # characters of an offer; Chromium's with video has 7 KB
CANDIDATE_MAX = 1024  # characters of one
MESSAGE_MAX = SDP_MAX + SDP_MAX // 2  # of a whole message: JSON spells line breaks with two characters
CANDIDATES_MAX = 64  # of one viewer
SIGNALLING = "homeostat.webrtc.v1"
"""The subprotocol of the WebSocket."""
CHANNELS, VIDEO = "application", "video"


class Garbled(Exception):
    """A message of a viewer's is none. The text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class IceServer:
    """A server that helps two peers to find each other (STUN), or passes on what they say (TURN)."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = field(default=None, repr=False)

    @property
    def told(self) -> dict[str, Any]:
        """Returns it as browsers take it (RTCIceServer)."""
        named = {"username": self.username, "credential": self.credential}
        return {"urls": list(self.urls), **{key: value for key, value in named.items() if value is not None}}


@dataclass(frozen=True, slots=True)
class PeerOffer:
    """What a viewer wants, in SDP. ``video``: a picture besides the channel."""

    sdp: str
    video: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address at which a viewer may be reached, in SDP, and what it is for."""

    text: str
    mid: str | None
    line: int | None


@dataclass(frozen=True, slots=True)
class Bye:
    """The viewer leaves."""


Message: TypeAlias = PeerOffer | Candidate | Bye | None
"""None: there will be no more candidates."""


def read_message(text: str) -> Message:
    """Reads a message of a viewer's.

    Raises:
        Garbled: it is none.
    """
    if len(text) > MESSAGE_MAX:
        raise Garbled(f"a message has {len(text)} characters, and {MESSAGE_MAX} are the most")
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Garbled("a message is no JSON") from error
    if not isinstance(said, dict):
        raise Garbled("a message is no JSON object")
    match said.get("type"):
        case "offer":
            return _offer(said.get("sdp"))
        case "candidate":
            return _candidate(said.get("candidate"))
        case "bye":
            return Bye()
    raise Garbled('a message has another type than "offer", "candidate" and "bye"')


def _offer(sdp: object) -> PeerOffer:
    if not isinstance(sdp, str) or not sdp.startswith("v=0"):
        raise Garbled("an offer has no sdp")
    if len(sdp) > SDP_MAX:
        raise Garbled(f"an offer has {len(sdp)} characters, and {SDP_MAX} are the most")
    lines = sdp.splitlines()
    kinds = [line[2:].split(" ", 1)[0] for line in lines if line.startswith("m=")]
    # Whatever else it lists would be given sockets and a decoder.
    if sorted(kinds) not in ([CHANNELS], [CHANNELS, VIDEO]):
        raise Garbled("an offer has one data channel, and one video at most")
    if not any(line.startswith("a=fingerprint:") for line in lines):
        raise Garbled("an offer says nothing of the viewer's certificate (a=fingerprint)")
    if sum(line.startswith("a=candidate:") for line in lines) > CANDIDATES_MAX * len(kinds):
        raise Garbled(f"an offer has more than {CANDIDATES_MAX} candidates")
    return PeerOffer(sdp, VIDEO in kinds)


def _candidate(said: object) -> Candidate | None:
    if said is None:
        return None
    if not isinstance(said, dict):
        raise Garbled("a candidate is no object")
    text, mid, line = said.get("candidate"), said.get("sdpMid"), said.get("sdpMLineIndex")
    if text == "":
        return None
    if not isinstance(text, str) or len(text) > CANDIDATE_MAX:
        raise Garbled(f"a candidate is no text of {CANDIDATE_MAX} characters at most")
    if not (mid is None or (isinstance(mid, str) and len(mid) <= 64)):
        raise Garbled("the sdpMid of a candidate is no short text")
    if isinstance(line, bool) or not (line is None or isinstance(line, int)):
        raise Garbled("the sdpMLineIndex of a candidate is no number")
    if mid is None and line is None:
        raise Garbled("a candidate has neither sdpMid nor sdpMLineIndex")
    return Candidate(text, mid, line)
