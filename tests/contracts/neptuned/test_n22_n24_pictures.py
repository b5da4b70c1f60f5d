"""N22, N24: a picture is small, and the server looks at a screen twice a second, however often it is asked for one."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from falcon.testing import ASGIConductor
from PIL import Image

from homeostat.service.consoles import consoles
from homeostat_api.http.application import application
from homeostat_api.http.contract import Foundation
from homeostat_api.http.routes import Route
from homeostat_contracts.neptuned.entries import LISTED
from homeostat_contracts.neptuned.errors import ANSWERS
from homeostat_contracts.neptuned.listed import Listed
from homeostat_contracts.neptuned.resources.listing import Screenshot
from tests.unit.consoles.rfb_screen import ASKS_ALL, ASKS_MORE, RED, RfbScreen, raw
from tests.unit.watching import Watched, machine

BLUE = b"\xff\x00\x00\x00"


class Shown:
    """Everybody asks for pictures of one screen."""

    def __init__(self, state: Path) -> None:
        web = machine()
        listed = web.metadata.model_copy(update={"annotations": {LISTED: "true"}})
        service = Watched(state, web.model_copy(update={"metadata": listed})).service
        given: dict[str, Any] = {field.name: () for field in fields(Foundation)}
        routes = [Route("/screenshot/{vm}", Screenshot(Listed(Foundation(**{**given, "service": service}))))]
        self._asks = ASGIConductor(application(routes, ANSWERS, ()))
        self.screen = RfbScreen(640, 400)

    async def picture(self) -> tuple[int, int, tuple[int, int, int]]:
        """Returns its width and height, and the colour in its middle."""
        answer = await self._asks.simulate_get("/screenshot/web")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png"), answer.text
        found = Image.open(io.BytesIO(answer.content))
        assert found.format == "PNG"
        red, green, blue = found.convert("RGB").getpixel((found.width // 2, found.height // 2))
        return found.width, found.height, (red, green, blue)

    async def paints(self, asked: int, pixel: bytes) -> None:
        assert await self.screen.is_asked() == asked
        await self.screen.shows(raw(0, 0, *self.screen.size, pixel))


@pytest.fixture
async def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shown]:
    found = Shown(tmp_path)
    monkeypatch.setattr(consoles, "open_screen", lambda uri, uuid: found.screen.theirs)
    yield found
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()  # the reader, which goes on for a while


async def test_n22_n24_it_is_small_and_follows_the_screen(shown: Shown) -> None:
    loop = asyncio.get_running_loop()
    first = asyncio.create_task(shown.picture())
    await shown.screen.greets()
    await shown.paints(ASKS_ALL, RED)
    painted = loop.time()
    assert await first == (320, 200, (255, 0, 0))
    looking = asyncio.create_task(shown.paints(ASKS_MORE, BLUE))  # whoever asks again does not make it look
    asked_for = 0
    while not looking.done():
        assert (await shown.picture())[2] in ((255, 0, 0), (0, 0, 255))
        asked_for += 1
    await looking
    assert loop.time() - painted > 0.4 and asked_for > 3
    async with asyncio.timeout(5):
        while await shown.picture() != (320, 200, (0, 0, 255)):
            pass
