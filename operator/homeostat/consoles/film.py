"""What somebody watches as a video: a screen that moves, for as long as he watches, and a dark one while there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .framebuffer import BYTES
from .frames import Frames, NoFrame, Shot
from .screen_relay import OpenScreen

STILL = 0.5  # seconds after which a screen that does not change is shown again: who lost something of it sees it then
AGAIN = 0.5  # seconds after which one that is not there is looked for again
DARK = 640, 400  # pixels of a screen of which none was seen yet


@dataclass(frozen=True, slots=True)
class WatchedScreen:
    """A screen. ``domain``: whose, which is the same for all who look. ``open``: opens it."""

    domain: str
    open: OpenScreen


class Film:
    """``find``: finds the screen, or raises NoFrame. ``trouble``: why there was none just now, "" there was."""

    def __init__(self, frames: Frames, find: Callable[[], Awaitable[WatchedScreen]]) -> None:
        self._frames, self._find = frames, find
        self._watched: WatchedScreen | None = None
        self._seen = 0
        self._size = DARK
        self.trouble = ""

    async def next(self) -> Shot:
        """Waits for the next picture, and returns it."""
        try:
            if self._watched is None:
                self._watched = await self._find()
            shot = await self._frames.shot(self._watched.domain, self._watched.open, self._seen, STILL)
        except NoFrame as error:
            self._watched, self._seen, self.trouble = None, 0, str(error)
            await asyncio.sleep(AGAIN)
            width, height = self._size
            return Shot(0, width, height, bytes(BYTES * width * height))
        self._seen, self._size, self.trouble = shot.number, (shot.width, shot.height), ""
        return shot
