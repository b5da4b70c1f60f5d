"""Whoever still answers a viewer's offer when a console ends is stopped before the connection that he answers for."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

from homeostat.consoles.sitting import LEFT, End
from homeostat_api.consoles.webrtc import PeerScreens
from homeostat_api.http.contract import NOTHING_LENT


class House:
    """A console whose viewer leaves while his offer is answered. All that takes part in it is this."""

    failure = None
    closed = True  # the WebSocket

    def __init__(self) -> None:
        self.answering = asyncio.Event()
        self.done: list[str] = []

    async def receive_text(self) -> str:
        return json.dumps(
            {"type": "offer", "sdp": "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=fingerprint:sha-256 00\r\n"}
        )

    async def send_text(self, text: str) -> None:
        self.done.append(f"told {json.loads(text)['type']}")

    async def answer(self, offer: object) -> str:
        self.answering.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.done.append("answers no more")
        return ""

    async def serve(self, *_: object) -> End:
        await self.answering.wait()
        return LEFT

    async def close(self, end: End) -> None:
        self.done.append(f"closed: {end.why}")


async def test_in_that_order() -> None:
    house: Any = House()
    async with asyncio.timeout(5):
        await PeerScreens(house, house, ())._serve(house, house, house, house, AsyncExitStack(), NOTHING_LENT)
    assert house.done == ["told ice", "answers no more", "closed: the viewer left"]
