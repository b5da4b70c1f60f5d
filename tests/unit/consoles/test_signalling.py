"""What a viewer says to be connected by WebRTC: each message is known and small, or is refused with what is wrong with it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.consoles.signalling import (
    CANDIDATE_MAX,
    CANDIDATES_MAX,
    MESSAGE_MAX,
    SDP_MAX,
    Bye,
    Candidate,
    Garbled,
    IceServer,
    PeerOffer,
    read_message,
)

CHANNEL = "v=0\r\na=fingerprint:sha-256 00\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
PICTURE = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
VIDEO = CHANNEL + PICTURE
HOST = "candidate:1 1 udp 2130706431 192.0.2.7 5000 typ host"


def told(**said: Any) -> str:
    return json.dumps(said)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (told(type="offer", sdp=CHANNEL), PeerOffer(CHANNEL, video=False)),
        (told(type="offer", sdp=VIDEO), PeerOffer(VIDEO, video=True)),
        (told(type="candidate", candidate={"candidate": HOST, "sdpMid": "0", "sdpMLineIndex": 0}), Candidate(HOST, "0", 0)),
        (told(type="candidate", candidate={"candidate": HOST, "sdpMLineIndex": 1}), Candidate(HOST, None, 1)),
        (told(type="candidate", candidate={"candidate": "", "sdpMid": "0"}), None),
        (told(type="candidate", candidate=None), None),
        (told(type="bye"), Bye()),
    ],
    ids=["channel", "video", "candidate", "candidate of a line", "last candidate", "no more candidates", "bye"],
)
def test_each_message_is_read(said: str, read: object) -> None:
    assert read_message(said) == read


REFUSED = {
    "no JSON": ("offer", "no JSON"),
    "endless brackets": ("[" * 50_000, "no JSON"),
    "no object": ("[]", "no JSON object"),
    "no type": ("{}", "another type"),
    "an answer": (told(type="answer", sdp=CHANNEL), "another type"),
    "too long": (" " * (MESSAGE_MAX + 1), f"{MESSAGE_MAX} are the most"),
    "an offer without SDP": (told(type="offer"), "no sdp"),
    "SDP that is a number": (told(type="offer", sdp=7), "no sdp"),
    "SDP that is none": (told(type="offer", sdp="hello"), "no sdp"),
    "a long SDP": (told(type="offer", sdp=CHANNEL + "a" * SDP_MAX), f"{SDP_MAX} are the most"),
    "an SDP of nothing": (told(type="offer", sdp="v=0\r\n"), "one data channel"),
    "video alone": (told(type="offer", sdp="v=0\r\n" + PICTURE), "one data channel"),
    "two videos": (told(type="offer", sdp=VIDEO + PICTURE), "one video at most"),
    "sound": (told(type="offer", sdp=CHANNEL + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"), "one video at most"),
    "no certificate": (told(type="offer", sdp="v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"), "a=fingerprint"),
    "many addresses": (
        told(type="offer", sdp=CHANNEL + f"a={HOST}\r\n" * (CANDIDATES_MAX + 1)),
        f"more than {CANDIDATES_MAX} candidates",
    ),
    "a candidate that is a text": (told(type="candidate", candidate=HOST), "no object"),
    "a candidate of nothing": (told(type="candidate", candidate={"candidate": HOST}), "neither sdpMid nor sdpMLineIndex"),
    "a long candidate": (
        told(type="candidate", candidate={"candidate": "c" * (CANDIDATE_MAX + 1), "sdpMid": "0"}),
        f"{CANDIDATE_MAX} characters at most",
    ),
    "a candidate that is a number": (told(type="candidate", candidate={"candidate": 1, "sdpMid": "0"}), "no text"),
    "a long mid": (told(type="candidate", candidate={"candidate": HOST, "sdpMid": "0" * 65}), "sdpMid"),
    "a line that is true": (told(type="candidate", candidate={"candidate": HOST, "sdpMLineIndex": True}), "sdpMLineIndex"),
}


@pytest.mark.parametrize(("said", "words"), REFUSED.values(), ids=list(REFUSED))
def test_what_is_none_is_refused_with_what_is_wrong(said: str, words: str) -> None:
    with pytest.raises(Garbled, match=words):
        read_message(said)


ANYTHING = st.sampled_from([None, True, 0, -1, "", "v=0", "candidate:", [], {}, {"candidate": "", "sdpMid": 3}])


@given(st.dictionaries(st.sampled_from(["type", "sdp", "candidate"]), ANYTHING), st.sampled_from(["offer", "candidate", "bye"]))
def test_noise_is_a_message_or_refused(said: dict[str, Any], kind: str) -> None:
    with suppress(Garbled):
        read_message(json.dumps({"type": kind, **said}))


def test_a_server_is_told_as_browsers_take_it_and_logged_without_its_credential() -> None:
    assert IceServer(("stun:stun.example",)).told == {"urls": ["stun:stun.example"]}
    turn = IceServer(("turn:turn.example",), "homeostat", "s3cret")
    assert turn.told == {"urls": ["turn:turn.example"], "username": "homeostat", "credential": "s3cret"}
    assert "s3cret" not in repr(turn)
