"""The screens that somebody watches, as pictures that stand still: one reader for each machine and server feeds whoever looks.

A reader is one more viewer of QEMU's. It asks for what changed twice a second, and reads nothing in between, so that a guest that
paints all the time costs no more than that. While somebody watches a film it asks as often as QEMU looks at the screen. It begins
with the first who looks, and ends ``PATIENCE`` after the last.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from . import rfb
from .framebuffer import BYTES, ENCODINGS, FORMAT, PIXELS_MAX, Framebuffer
from .pictures import Picture, PictureSize, image_of, picture_of
from .screen_relay import OpenScreen

EVERY = 0.5  # seconds between two looks at a screen
FILM = 0.02  # seconds between them while somebody watches a film; QEMU itself looks every 30 ms
WATCHED = 1.0  # seconds after which nobody does who did
PATIENCE = 10.0  # seconds that a reader goes on after the last who looked
SLOW = 5.0  # seconds in which a screen greets and is painted, or ends a message that it began
QUIET = 20  # messages that paint nothing, such as another size, which are read within a look
CHUNK = 256 * 1024  # bytes of a screen that wait unread
ENCODERS = 2  # pictures that are made at once

_NUMBERS = itertools.count(1)  # of all readers: one that begins again shows another picture

log = logging.getLogger("homeostat.api")


class NoFrame(Exception):
    """There is no picture of that screen. The text says why."""


class NoRoom(NoFrame):
    """As much is read as may be at once."""


@dataclass(frozen=True, slots=True)
class FrameLimits:
    """How many screens are read at once, and how many pixels they have together, of 4 bytes each."""

    readers: int = 64
    pixels: int = 4 * PIXELS_MAX


@dataclass(frozen=True, slots=True)
class Shot:
    """A screen at one moment. ``number``: another one has another. ``pixels``: of 4 bytes each, see ``framebuffer``. They are the
    reader's own, which goes on: whoever waits for anything copies them first."""

    number: int
    width: int
    height: int
    pixels: bytes | bytearray = field(repr=False)


class Frames:
    """All screens that this server reads."""

    def __init__(self, limits: FrameLimits | None = None) -> None:
        self._limits = limits or FrameLimits()
        self._readers: dict[str, _ScreenReader] = {}
        self._encoders = asyncio.Semaphore(ENCODERS)

    def __len__(self) -> int:
        return len(self._readers)

    def reads(self, domain: str) -> bool:
        """Tells whether a domain's screen is read here."""
        return domain in self._readers

    async def picture(self, domain: str, open_screen: OpenScreen, size: PictureSize) -> Picture:
        """Returns a picture of a domain's screen. ``open_screen``: opens it, where nobody reads it yet.

        Raises:
            NoFrame: it does not run, does not speak RFB, is too slow or too large.
            NoRoom: as many as may be are read already.
        """
        return await self._reader(domain, open_screen).picture(size, self._encoders)

    async def shot(self, domain: str, open_screen: OpenScreen, seen: int, wait: float) -> Shot:
        """Returns a domain's screen as soon as it is another than that of number ``seen``, or after so many seconds. Who asks
        again and again has a film.

        Raises:
            NoFrame: as above.
            NoRoom: as above.
        """
        return await self._reader(domain, open_screen).shot(seen, wait)

    def _reader(self, domain: str, open_screen: OpenScreen) -> _ScreenReader:
        reader = self._readers.get(domain)
        if reader is None:
            if len(self._readers) >= self._limits.readers:
                raise NoRoom(f"{len(self._readers)} screens are watched, and {self._limits.readers} are the most")
            reader = self._readers[domain] = _ScreenReader(open_screen, self._check, lambda: self._readers.pop(domain, None))
        return reader

    def _check(self) -> None:
        pixels = sum(reader.pixels for reader in self._readers.values())
        if pixels > self._limits.pixels:
            raise NoRoom(f"the screens that are watched have {pixels} pixels, and {self._limits.pixels} are the most")


class _ScreenReader:
    """``check``: raises NoRoom where all screens together are too large. ``leave``: takes this one off the list."""

    def __init__(self, open_screen: OpenScreen, check: Callable[[], None], leave: Callable[[], object]) -> None:
        self._open, self._check, self._leave = open_screen, check, leave
        self._screen: Framebuffer | None = None
        self._pictures: dict[PictureSize, Picture] = {}  # of the screen as it is now
        self._encoded_before: dict[str, bytes] = {}
        self._changed = datetime.now(UTC)
        self._number = next(_NUMBERS)
        self._filmed = float("-inf")  # when somebody watched a film of it, last
        self._another = asyncio.Event()  # it was painted, or has ended
        self._ready = asyncio.Event()  # the screen is painted, or it has ended
        self._encoding = asyncio.Lock()
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(self._over)
        self._alarm = asyncio.get_running_loop().call_later(PATIENCE, self._forgotten)

    @property
    def pixels(self) -> int:
        return len(self._screen.pixels) // BYTES if self._screen is not None else 0

    async def picture(self, size: PictureSize, encoders: asyncio.Semaphore) -> Picture:
        self._looked_at()
        while True:
            await self._ready.wait()
            async with self._encoding, encoders:  # one encodes for all who look
                if (screen := self._whole()) is not None:
                    return await self._encoded(screen, size)
            self._ready.clear()  # it has just got another size

    async def shot(self, seen: int, wait: float) -> Shot:
        self._looked_at()
        self._filmed = asyncio.get_running_loop().time()
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                while self._number == seen and not self._task.done():
                    self._another.clear()
                    await self._another.wait()
        while True:
            await self._ready.wait()
            if (screen := self._whole()) is not None:
                return Shot(self._number, screen.width, screen.height, screen.pixels)
            self._ready.clear()

    def _looked_at(self) -> None:
        self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(PATIENCE, self._forgotten)

    def _whole(self) -> Framebuffer | None:
        """Returns the screen. None: it is not painted yet.

        Raises:
            NoFrame: it has ended.
        """
        if self._task.done():
            raise self._why(self._task) or NoFrame("nobody had looked at it for a while: ask again")
        return self._screen if self._screen is not None and self._screen.painted else None

    async def _encoded(self, screen: Framebuffer, size: PictureSize) -> Picture:
        pictures = self._pictures
        if size not in pictures:
            image = image_of(screen.pixels, screen.width, screen.height)  # copied, before it is painted again
            pictures[size] = await asyncio.to_thread(picture_of, image, self._changed, size, self._encoded_before)
        return pictures[size]

    def _forgotten(self) -> None:
        self._leave()  # whoever looks from now on begins again
        self._task.cancel()

    def _over(self, task: asyncio.Task[None]) -> None:
        self._alarm.cancel()
        if not task.cancelled():  # otherwise it is off the list, which may have its successor
            self._leave()
        if (why := self._why(task)) is not None and not isinstance(why, NoFrame):
            log.error("a screen cannot be read any more", exc_info=why)
        self._screen = None
        self._ready.set()
        self._another.set()

    @staticmethod
    def _why(task: asyncio.Task[None]) -> BaseException | None:
        return None if task.cancelled() else task.exception()

    async def _run(self) -> None:
        try:
            async with asyncio.timeout(SLOW) as due:
                if (opened := await self._open()) is None:
                    raise NoFrame("it does not run, or its host cannot be asked now")
                await self._read(opened, due)
        except rfb.RfbError as error:
            raise NoFrame(str(error)) from error
        except (EOFError, ConnectionError) as error:
            raise NoFrame("it has just ended") from error
        except TimeoutError as error:
            raise NoFrame(f"its screen showed nothing within {SLOW:.0f} seconds") from error

    async def _read(self, opened: socket.socket, due: asyncio.Timeout) -> None:
        """Reads the screen as long as it is there. ``due``: until when it has to be painted."""
        source, writer = await asyncio.open_connection(sock=opened, limit=CHUNK)

        async def send(said: bytes) -> None:
            writer.write(said)
            await writer.drain()

        try:
            init = await rfb.greet_server(source, send)
            screen = Framebuffer(int.from_bytes(init[:2], "big"), int.from_bytes(init[2:4], "big"))
            self._screen = screen
            self._check()
            await send(FORMAT + ENCODINGS + screen.asks_all)
            while True:
                asked = asyncio.get_running_loop().time()
                await self._take_changes(screen, source, send, due)
                await self._pause(asked)
                await send(screen.asks_more)
        finally:
            writer.transport.abort()  # to close it would wait until the screen has read everything

    async def _pause(self, asked: float) -> None:
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(max(0.0, asked + FILM - now) if now - self._filmed < WATCHED else EVERY)

    async def _take_changes(self, screen: Framebuffer, source: rfb.Source, send: rfb.Send, due: asyncio.Timeout) -> None:
        """Reads until something was painted."""
        loop, painted, quiet = asyncio.get_running_loop(), False, 0
        while not painted:
            kind = (await source.readexactly(1))[0]
            if due.when() is None:
                due.reschedule(loop.time() + SLOW)
            taken = await screen.take(kind, source)
            if taken.resized:
                self._check()
                await send(screen.asks_all)
            if screen.painted:
                due.reschedule(None)
                self._ready.set()
            else:
                self._ready.clear()
            if painted := taken.painted:
                self._pictures, self._changed, self._number = {}, datetime.now(UTC), next(_NUMBERS)
                self._another.set()
            elif (quiet := quiet + 1) % QUIET == 0:
                await asyncio.sleep(EVERY)
