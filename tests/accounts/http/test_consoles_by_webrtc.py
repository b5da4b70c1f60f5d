"""A console by WebRTC is begun over a WebSocket of its own, and goes on without it; what is wrong there ends it with a reason."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import falcon
import pytest

aiortc = pytest.importorskip("aiortc", reason="make venv installs it")

from homeostat.consoles.signalling import CANDIDATES_MAX, SIGNALLING  # noqa: E402
from homeostat.consoles.webrtc import WebRtcMissing  # noqa: E402
from homeostat.service.consoles import consoles as service_consoles  # noqa: E402
from tests.accounts.console_house import BYTES, WORDS, ConsoleHouse, Sitter, until  # noqa: E402
from tests.rig.consoles import GARBLED, webrtc_offer  # noqa: E402
from tests.unit.consoles.rfb_screen import RfbScreen  # noqa: E402

CANDIDATE = {"candidate": "candidate:1 1 udp 2130706431 192.0.2.7 5000 typ host", "sdpMid": "0"}


@asynccontextmanager
async def begun(house: ConsoleHouse) -> AsyncIterator[Sitter]:
    async with house.sits(protocols=SIGNALLING, kind="webrtc") as sitter:
        assert sitter.socket.subprotocol == SIGNALLING and await sitter.word("ice") == {"type": "ice", "servers": []}
        yield sitter


async def tell(sitter: Sitter, **said: Any) -> None:
    await sitter.socket.send_text(json.dumps(said))


async def refusal(house: ConsoleHouse, path: str, protocols: str) -> int:
    with pytest.raises(falcon.WebSocketDisconnected) as refused:
        async with house.comes(path, protocols):
            pass
    return int(refused.value.code) - 3000


async def test_its_ticket(house: ConsoleHouse) -> None:
    async def fresh(kind: str) -> dict[str, Any]:
        given: dict[str, Any] = await house.done("bob", "POST", "vms/web/consoles", {"kind": kind})
        return given

    given = await fresh("webrtc")
    assert given["path"] == "/api/v1/vms/web/webrtc" and given["protocols"] == [SIGNALLING]
    assert await refusal(house, given["path"], f"{WORDS}, {BYTES}, {given['ticket']}") == 400
    assert await refusal(house, given["path"], f"{SIGNALLING}, {(await fresh('vnc'))['ticket']}") == 401
    assert await refusal(house, "/api/v1/vms/web/vnc", f"{WORDS}, {(await fresh('webrtc'))['ticket']}") == 401
    assert await refusal(house, given["path"], SIGNALLING) == 401


async def test_it_is_listed_and_ended_as_any_other(house: ConsoleHouse) -> None:
    async with begun(house) as bob:
        [one] = await house.consoles()
        assert (one["kind"], one["mode"], one["controls"]) == ("webrtc", "control", True)
        await house.done("bob", "DELETE", f"consoles/{one['id']}")
        assert await bob.word("bye") == {"type": "bye", "message": "ended by bob"}
        assert await bob.end() == (1008, "ended by bob")
    assert not await house.consoles()


async def test_one_without_an_offer_ends_with_its_websocket(house: ConsoleHouse) -> None:
    async with begun(house):
        assert len(await house.consoles()) == 1
    assert not await house.consoles()


async def test_bye_ends_it(house: ConsoleHouse) -> None:
    async with begun(house) as bob:
        await tell(bob, type="bye")
        assert await bob.word("bye") == {"type": "bye", "message": "the viewer left"}
        assert await bob.end() == (1000, "the viewer left")


@pytest.mark.parametrize(("said", "why"), GARBLED.values(), ids=GARBLED)
async def test_garbage_ends_it(house: ConsoleHouse, said: dict[str, Any], why: str) -> None:
    async with begun(house) as bob:
        await tell(bob, **said)
        assert why in (await bob.word("error"))["message"]
        code, told = await bob.end()
        assert code == 1002 and why in told
    assert not await house.consoles()


async def test_bytes_end_it(house: ConsoleHouse) -> None:
    async with begun(house) as bob:
        await bob.socket.send_data(b"bytes")
        assert await bob.end() == (1002, "a message is bytes, and signalling is text")


async def test_so_many_candidates_are_taken(house: ConsoleHouse) -> None:
    for many, end in (
        (CANDIDATES_MAX, (1000, "the viewer left")),
        (CANDIDATES_MAX + 1, (1002, f"there are more than {CANDIDATES_MAX} candidates")),
    ):
        async with begun(house) as bob:
            await tell(bob, type="offer", sdp=await webrtc_offer())
            for _ in range(many):
                await tell(bob, type="candidate", candidate=CANDIDATE)
            await tell(bob, type="candidate", candidate=None)  # there will be no more
            await tell(bob, type="bye")
            assert await bob.end() == end


async def test_a_connection_goes_on_without_its_websocket(house: ConsoleHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    screen, told = RfbScreen(), asyncio.Queue[bytes | str]()
    monkeypatch.setattr(service_consoles, "open_screen", lambda uri, uuid: screen.theirs)
    browser = aiortc.RTCPeerConnection(aiortc.RTCConfiguration([]))
    channel = browser.createDataChannel("rfb", protocol=WORDS)
    channel.on("message", told.put_nowait)
    try:
        async with asyncio.timeout(10), begun(house) as bob:
            await browser.setLocalDescription(await browser.createOffer())
            await tell(bob, type="offer", sdp=browser.localDescription.sdp)
            await browser.setRemoteDescription(aiortc.RTCSessionDescription((await bob.word("answer"))["sdp"], "answer"))
            opened = json.loads(str(await told.get()))
            assert opened["type"] == "opened" and opened["controls"] is True
            await bob.socket.close()
            await until(lambda: not any(task.get_coro().__name__ == "_signal" for task in asyncio.all_tasks()))
            house.sitting(opened["console"]).typed -= 3590
            assert json.loads(str(await told.get()))["type"] == "idle", "he is still told what he has to know"
            [one] = await house.consoles()
            assert one["id"] == opened["console"]
            await house.done("bob", "DELETE", f"consoles/{one['id']}")
            while not str(said := await told.get()).startswith('{"type": "bye"'):
                pass
            assert json.loads(str(said)) == {"type": "bye", "code": 1008, "message": "ended by bob"}
        assert not await house.consoles()
    finally:
        await browser.close()


async def test_where_it_is_not_installed(house: ConsoleHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = (await house.done("bob", "POST", "vms/web/consoles", {"kind": "webrtc"}))["ticket"]

    async def missing() -> None:
        raise WebRtcMissing("No module named 'aiortc'")

    monkeypatch.setattr(service_consoles, "load_peer", missing)
    answer = await house.ask("bob", "POST", "vms/web/consoles", {"kind": "webrtc"})
    assert (answer.status_code, answer.json["code"]) == (501, "webrtc_unavailable")
    assert await refusal(house, "/api/v1/vms/web/webrtc", f"{SIGNALLING}, {ticket}") == 501
