"""Between a viewer and the serial line of a machine: plain bytes both ways.

What he sees comes from the log, which QEMU writes whoever looks: so any number of viewers on any number of servers see the same,
each as fast as he reads, and a restart of the machine is only more text. What he types goes down the line itself, which libvirt
gives to one at a time; it is opened with the first key, and given back when control goes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from .sitting import Close, End, Left, Sitting, Viewer

PART = 4096  # bytes of what is typed that go down the line at once
SLOW = 30.0  # seconds in which a viewer must take a part of the log, or a guest a part of what is typed
LOOK = 0.05  # seconds between looks at the log, and at whether the line takes more
RETRY = 1.0  # seconds after which a line that could not be had is asked for again, with the next key


class SerialLog(Protocol):
    """What the guest wrote, from near its end on."""

    def read(self) -> bytes:
        """Returns what is new. Raises OSError where it cannot be read."""


class SerialInput(Protocol):
    """The line, as one has it who types."""

    @property
    def over(self) -> bool:
        """Tells whether it is his no more: the guest has ended, or another program has it."""

    def type(self, part: bytes) -> bool:
        """Sends a part. False: not yet, since the guest takes nothing."""

    def close(self) -> None:
        """Gives it back."""


class LineHeld(Exception):
    """Another program has the line. The text says what to do."""


class LineAway(Exception):
    """The line of a machine that runs cannot be opened. The text says what to do."""


OpenLine = Callable[[bool], Awaitable[SerialInput | None]]
"""Opens the line; True: even if another program has it. None: the machine does not run now. Raises LineHeld, LineAway."""


async def relay_serial(viewer: Viewer, log: SerialLog, open_line: OpenLine, sitting: Sitting) -> End:
    """Shows a serial line to a viewer until either ends, and returns why."""
    return await sitting.last(_SerialRelay(viewer, log, open_line, sitting).run())


class _SerialRelay:
    def __init__(self, viewer: Viewer, log: SerialLog, open_line: OpenLine, sitting: Sitting) -> None:
        self._viewer, self._log, self._sitting = viewer, log, sitting
        self._keyboard = _Keyboard(viewer, open_line, sitting)

    async def run(self) -> End:
        tasks = [asyncio.create_task(one) for one in (self._show(), self._type(), self._keyboard.watch())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            raise AssertionError("nothing here ends by itself")
        except Left as error:
            return error.end
        except TimeoutError:
            return End(Close.LATER, f"nothing was read for {SLOW:.0f} seconds")
        except OSError as error:
            return End(Close.FAILED, f"the log cannot be read: {error.strerror}")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._keyboard.give_back()

    async def _show(self) -> None:
        while True:
            if new := self._log.read():
                async with asyncio.timeout(SLOW):
                    await self._viewer.send(new)
            else:
                await asyncio.sleep(LOOK)

    async def _type(self) -> None:
        while True:
            if typed := await self._viewer.receive():
                self._sitting.type()
                if self._sitting.controls:
                    await self._keyboard.type(typed)


class _Keyboard:
    """The way of what one viewer types. It has the line only while he has control."""

    def __init__(self, viewer: Viewer, open_line: OpenLine, sitting: Sitting) -> None:
        self._viewer, self._open, self._sitting = viewer, open_line, sitting
        self._line: SerialInput | None = None
        self._opening = asyncio.Lock()
        self._refused = ""
        self._retry_at = 0.0

    def give_back(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    async def watch(self) -> None:
        """Gives the line back when control goes, and takes it when control was taken."""
        while True:
            if not self._sitting.controls:
                self.give_back()
            elif self._sitting.taken:
                await self._have()
            await asyncio.sleep(LOOK)

    async def type(self, typed: bytes) -> None:
        """Sends it as the guest takes it. It is dropped where that cannot be done, and the viewer hears why."""
        line = await self._have()
        late = time.monotonic() + SLOW
        while line is not None and typed and not line.over:
            if line.type(typed[:PART]):
                typed, late = typed[PART:], time.monotonic() + SLOW
            elif time.monotonic() > late:
                return await self._tell("stuck", f"the guest took nothing for {SLOW:.0f} seconds: the rest of it is lost")
            else:
                await asyncio.sleep(LOOK)

    async def _have(self) -> SerialInput | None:
        """Returns the line, and opens it where it is not his: even if another program has it, where he has just taken control.
        None: he does not get it."""
        async with self._opening:
            force, self._sitting.taken = self._sitting.taken, False
            if self._line is not None and not self._line.over:
                return self._line
            self.give_back()
            if not force and time.monotonic() < self._retry_at:
                return None
            kind, why = "waiting", ""
            try:
                self._line = await self._opened(force)
                if self._line is None:
                    why = "the machine is off, or begins again"
            except LineHeld as error:
                kind, why = "held", str(error)
            except LineAway as error:
                why = str(error)
            self._retry_at = time.monotonic() + RETRY if why else 0.0
            if why and why != self._refused:
                await self._tell(kind, why)
            self._refused = why
            return self._line

    async def _opened(self, force: bool) -> SerialInput | None:
        opening = asyncio.ensure_future(self._open(force))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_give_back_late)
            raise

    async def _tell(self, kind: str, why: str) -> None:
        if self._viewer.understands:
            await self._viewer.say({"type": kind, "message": why})
        else:
            await self._viewer.send(f"\r\n[{why}]\r\n".encode())


def _give_back_late(opening: asyncio.Future[SerialInput | None]) -> None:
    """Closes a line that nobody waits for any more: it would be held forever."""
    if not opening.cancelled() and opening.exception() is None and (line := opening.result()) is not None:
        line.close()
