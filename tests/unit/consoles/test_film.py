"""A film of a screen goes on as long as somebody watches: dark while there is no screen, with the reason."""

from __future__ import annotations

import asyncio

import pytest

from homeostat.consoles import film as films
from homeostat.consoles.film import DARK, Film, WatchedScreen
from homeostat.consoles.frames import Frames, NoFrame
from tests.unit.consoles.rfb_screen import RED, RfbScreen, raw


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(films, "AGAIN", 0.001)
    monkeypatch.setattr(films, "STILL", 0.01)


async def test_it_is_dark_until_there_is_a_screen_and_after_it() -> None:
    there: list[RfbScreen] = []
    looks = 0

    async def find() -> WatchedScreen:
        nonlocal looks
        looks += 1
        if not there:
            raise NoFrame("it is off")
        return WatchedScreen("web", there[0].open)

    film = Film(Frames(), find)
    dark = await film.next()
    assert (dark.width, dark.height) == DARK and not any(dark.pixels) and film.trouble == "it is off"
    there.append(screen := RfbScreen())
    coming = asyncio.create_task(film.next())
    await screen.greets()
    await screen.is_asked()
    await screen.shows(raw(0, 0, *screen.size))
    shot = await coming
    assert shot.pixels == RED * 8 and film.trouble == ""
    assert await film.next() == shot and looks == 2, "it is shown again after a while, and found once"
    there.clear()
    screen.socket.close()
    while not film.trouble:
        dark = await film.next()
    assert (dark.width, dark.height) == screen.size and not any(dark.pixels) and film.trouble == "it has just ended"
    await film.next()
    assert film.trouble == "it is off" and looks == 3
