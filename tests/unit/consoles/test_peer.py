"""A viewer behind WebRTC, who is another aiortc here: bytes and words both ways, within bounds, and a reason at its end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import cycle
from typing import Any

import pytest

aiortc = pytest.importorskip("aiortc", reason="make venv installs it")

from aioice import stun  # noqa: E402

from homeostat.consoles import film as films  # noqa: E402
from homeostat.consoles import peer as peers  # noqa: E402 - it imports aiortc
from homeostat.consoles.film import DARK, Film, WatchedScreen  # noqa: E402
from homeostat.consoles.frames import Frames, NoFrame, Shot  # noqa: E402
from homeostat.consoles.peer import Peer  # noqa: E402
from homeostat.consoles.signalling import Candidate, Garbled, IceServer, PeerOffer  # noqa: E402
from homeostat.consoles.sitting import BYTES, WORDS, Close, End, Left  # noqa: E402
from tests.unit.consoles.rfb_screen import RED  # noqa: E402

DONE = End(Close.DONE, "the end")
SDP = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
LINE = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"


async def nothing() -> WatchedScreen:
    raise NoFrame("it is off")


def new_peer(find: Callable[[], Awaitable[WatchedScreen]] = nothing) -> Peer:
    return Peer((), Film(Frames(), find))


class Browser:
    """The other side. ``video``: it wants one."""

    def __init__(self, label: str = "rfb", video: bool = False, **options: Any) -> None:
        self.connection = aiortc.RTCPeerConnection(aiortc.RTCConfiguration([]))
        self.channel = self.connection.createDataChannel(label, **options)
        self.video = self.connection.addTransceiver("video") if video else None
        self.received: asyncio.Queue[bytes | str] = asyncio.Queue()
        self.opened, self.closed = asyncio.Event(), asyncio.Event()
        self.channel.on("message", self.received.put_nowait)
        self.channel.on("open", self.opened.set)
        self.channel.on("close", self.closed.set)

    async def connect(self, peer: Peer) -> None:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        answer = await peer.answer(PeerOffer(self.connection.localDescription.sdp, video=self.video is not None))
        await self.connection.setRemoteDescription(aiortc.RTCSessionDescription(answer, "answer"))
        await self.opened.wait()


@asynccontextmanager
async def connected(
    protocol: str = WORDS, find: Callable[[], Awaitable[WatchedScreen]] = nothing, **options: Any
) -> AsyncIterator[tuple[Peer, Browser]]:
    peer, browser = new_peer(find), Browser(protocol=protocol, **options)
    try:
        async with asyncio.timeout(10):
            await browser.connect(peer)
            yield peer, browser
    finally:
        await peer.close(DONE)
        await browser.connection.close()


async def test_bytes_and_words_pass_in_their_order_and_the_end_is_told() -> None:
    async with connected() as (peer, browser):
        await peer.say({"type": "opened"})
        await peer.send(b"RFB")
        await peer.send(b"")
        assert [await browser.received.get() for _ in range(3)] == ['{"type": "opened"}', b"RFB", b""]
        browser.channel.send(b"one")
        browser.channel.send(b"")
        assert [await peer.receive(), await peer.receive()] == [b"one", b""]
        await peer.close(End(Close.POLICY, "ended by bob"))
        told = json.loads(str(await browser.received.get()))
        assert told == {"type": "bye", "code": 1008, "message": "ended by bob"}
        await browser.closed.wait()


async def test_who_wants_bytes_alone_hears_no_words() -> None:
    async with connected(BYTES) as (peer, browser):
        await peer.say({"type": "opened"})
        await peer.send(b"RFB")
        assert await browser.received.get() == b"RFB" and not peer.understands


async def test_a_viewer_that_goes_has_left() -> None:
    async with connected() as (peer, browser):
        reading = asyncio.create_task(peer.receive())
        await browser.connection.close()
        with pytest.raises(Left):
            await reading
        with pytest.raises(Left):
            await peer.receive()
        with pytest.raises(Left):
            await peer.send(b"RFB")
        assert peer.failure is None


class Stuck:
    """A channel whose other side takes nothing."""

    label, ordered, protocol, readyState, bufferedAmount, bufferedAmountLowThreshold = "rfb", True, WORDS, "open", 0, 0

    def __init__(self) -> None:
        self.on: Callable[..., object] = {}.setdefault
        self.sent = 0

    def send(self, data: bytes) -> None:
        self.sent += 1
        self.bufferedAmount += len(data)


async def test_only_so_much_waits_for_who_reads_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "LAST", 0.01)
    peer, channel = new_peer(), Stuck()
    peer._take_channel(channel)  # type: ignore[arg-type]
    await peer.send(bytes(peers.SENT_MAX))
    await peer.send(b"1")
    third = asyncio.create_task(peer.send(b"2"))
    await asyncio.wait({third}, timeout=0.01)
    assert channel.sent == 2 and not third.done()
    channel.bufferedAmount = channel.bufferedAmountLowThreshold
    peer._sent.set()
    await third
    assert channel.sent == 3
    await peer.close(DONE)


MISBEHAVIOURS: dict[str, tuple[bytes | str, int, str]] = {
    "a text": ("text", 1, "bytes only"),
    "more than is taken": (bytes(1000), 20, "bytes at once"),
    "nothing, too often": (b"", 200, "bytes at once"),
}


@pytest.mark.parametrize(("sent", "times", "why"), MISBEHAVIOURS.values(), ids=list(MISBEHAVIOURS))
async def test_who_does_not_keep_to_it_is_sent_away(
    monkeypatch: pytest.MonkeyPatch, sent: bytes | str, times: int, why: str
) -> None:
    monkeypatch.setattr(peers, "UNREAD_MAX", 10_000)
    async with connected() as (peer, browser):
        for _ in range(times):
            browser.channel.send(sent)
        await peer._sent.wait()
        with pytest.raises(Left):
            await peer.send(b"RFB")
        assert peer.failure is not None and why in peer.failure.why
        await peer.close(peer.failure)
        assert why in str(await browser.received.get())


async def test_a_video_is_sent_to_who_asks_for_it_and_says_why_it_is_dark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(films, "AGAIN", 0.01)
    async with connected(video=True) as (_, browser):
        assert browser.video is not None
        frame = await browser.video.receiver.track.recv()
        assert (frame.width, frame.height) == DARK and max(bytes(frame.planes[0])) < 20
        assert json.loads(str(await browser.received.get())) == {"type": "video", "message": "it is off"}
        assert browser.video.currentDirection == "recvonly", "what he sends is not taken"


class Changing:
    """A film of a screen that gets another size again and again."""

    trouble = ""

    def __init__(self, *sizes: tuple[int, int]) -> None:
        self._sizes = cycle(sizes)

    async def next(self) -> Shot:
        await asyncio.sleep(0)
        width, height = next(self._sizes)
        return Shot(1, width, height, RED * (width * height))


@pytest.mark.parametrize("codec", ["video/VP8", "video/H264"])
async def test_the_screen_gets_another_size_in_the_middle(codec: str) -> None:
    peer, browser = Peer((), Changing((64, 48), (81, 33))), Browser(video=True)  # type: ignore[arg-type]
    assert browser.video is not None
    known = aiortc.RTCRtpReceiver.getCapabilities("video").codecs
    browser.video.setCodecPreferences([one for one in known if one.mimeType == codec])
    try:
        async with asyncio.timeout(10):
            await browser.connect(peer)
            seen = set[tuple[int, int]]()
            while len(seen) < 2:
                frame = await browser.video.receiver.track.recv()
                seen.add((frame.width, frame.height))
        assert seen == {(64, 48), (80, 32)}
    finally:
        await peer.close(DONE)
        await browser.connection.close()


@pytest.mark.parametrize(
    ("width", "height", "shown"),
    [(720, 400, (720, 400)), (641, 401, (640, 400)), (1, 1, (2, 2)), (3840, 2160, (2023, 1138))],
    ids=["text", "odd", "one pixel", "large"],
)
def test_a_picture_is_one_that_a_video_takes(width: int, height: int, shown: tuple[int, int]) -> None:
    left = width // 2
    row = b"\x00\x00\xff\x00" * left + b"\xff\x00\x00\x00" * (width - left)
    frame = peers._made(peers._copied(Shot(1, width, height, row * height), None))
    assert (frame.width, frame.height) == (shown[0] & ~1, shown[1] & ~1) and frame.format.name == "yuv420p"
    if width > 2:
        red, blue = (frame.to_rgb().planes[0], 3 * (frame.width // 4)), (frame.to_rgb().planes[0], 3 * (3 * frame.width // 4))
        assert bytes(red[0])[red[1]] > 200 and bytes(blue[0])[blue[1] + 2] > 200


async def test_a_message_without_an_end_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "LOOK", 0.01)
    async with connected() as (peer, browser):
        browser.connection.sctp._remote_max_message_size = 0  # what it may send is no bound to it
        sctp = peer._connection.sctp
        sctp._advertised_rwnd = 50_000 - peers.UNREAD_MAX  # as if so much had come
        browser.channel.send(bytes(200_000))
        with pytest.raises(Left):
            await peer.receive()
        assert peer.failure == End(Close.TOO_BIG, "the viewer sent a message that is too long")


async def test_a_channel_of_another_name_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    peer, browser = new_peer(), Browser("other")
    await browser.connect(peer)
    await browser.closed.wait()
    await peer.close(DONE)
    await browser.connection.close()


async def test_who_is_not_connected_in_time_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "CONNECT", 0.01)
    peer = new_peer()
    with pytest.raises(Left):
        await peer.say({"type": "opened"})
    assert peer.failure == End(Close.LATER, "no offer came within 0 seconds")
    await peer.close(DONE)


class StunServer(asyncio.DatagramProtocol):
    """Says to whoever asks that he is at 203.0.113.9."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        asked = stun.parse_message(data)
        answer = stun.Message(asked.message_method, stun.Class.RESPONSE, asked.transaction_id)
        answer.attributes["XOR-MAPPED-ADDRESS"] = ("203.0.113.9", 5000)
        self.transport.sendto(bytes(answer), address)


async def test_a_server_that_is_named_is_asked_for_our_address_and_no_other() -> None:
    assert peers._configuration(()).iceServers == [], "aiortc would ask one of its own choice"
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(StunServer, ("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    peer, browser = Peer((IceServer((f"stun:127.0.0.1:{port}",)),), Film(Frames(), nothing)), Browser()
    await browser.connection.setLocalDescription(await browser.connection.createOffer())
    answer = await peer.answer(PeerOffer(browser.connection.localDescription.sdp, video=False))
    assert "203.0.113.9 5000 typ srflx" in answer
    await peer.close(DONE)
    await browser.connection.close()
    transport.close()


GARBAGE = {
    "no ICE": SDP + LINE,
    "no number": SDP + LINE.replace("9", "nine", 1),
    "no end": SDP + "m=application",
    "no line": "v=0\r\n\x00\xff\r\nm=",
    "video of no codec": SDP + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n",
}


@pytest.mark.parametrize("sdp", GARBAGE.values(), ids=list(GARBAGE))
async def test_an_offer_that_is_garbage_is_refused(sdp: str) -> None:
    peer = new_peer()
    with pytest.raises(Garbled, match=r"^the offer cannot be taken: it is no SDP that leads to a connection$"):
        await peer.answer(PeerOffer(sdp, video=False))
    with pytest.raises(Garbled, match="takes one offer"):
        await peer.answer(PeerOffer(sdp, video=False))
    await peer.close(DONE)


@pytest.mark.parametrize(
    "text", ["candidate:x", "candidate:1 one udp 2 192.0.2.7 5000 typ host", "candidate:1 1 udp 2 192.0.2.7 p typ host"]
)
async def test_a_candidate_that_is_garbage_is_refused(text: str) -> None:
    peer = new_peer()
    peer._offered = True
    with pytest.raises(Garbled, match=r"^a candidate cannot be taken: it(s port is no number| does not say where)"):
        await peer.add(Candidate(text, "0", 0))
    await peer.close(DONE)


@pytest.mark.parametrize("port", ["65536", "99999999999999999999", "9" * 5000])
async def test_a_port_that_no_address_has_is_refused_at_once(port: str) -> None:
    """aiortc would take it, and fail when it sends."""
    line = f"candidate:1 1 udp 2 192.0.2.7 {port} typ host"
    peer = new_peer()
    with pytest.raises(Garbled, match="a candidate cannot be taken: its port"):
        await peer.answer(PeerOffer(f"v=0\r\na={line}\r\n", video=False))
    with pytest.raises(Garbled, match="a candidate cannot be taken: its port"):
        await peer.add(Candidate(line, "0", 0))
    await peer.close(DONE)


async def test_a_candidate_before_the_offer_is_refused_and_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    peer = new_peer()
    with pytest.raises(Garbled, match=r"^a candidate before the offer$"):
        await peer.add(Candidate("candidate:1 1 udp 2 192.0.2.7 5000 typ host", "0", 0))
    await peer.close(DONE)
    assert not caplog.records


async def test_names_are_not_looked_up() -> None:
    peer = new_peer()
    peer._offered = True
    await peer.add(Candidate("candidate:1 1 udp 2 hidden.example 5000 typ host", "0", 0))
    assert peers._without_names(
        "v=0\r\na=candidate:1 1 udp 2 x.local 5 typ host\r\na=candidate:1 1 udp 2 ::1 5 typ host\r\n"
    ) == ("v=0\r\na=candidate:1 1 udp 2 ::1 5 typ host\r\n")
    await peer.close(DONE)
