"""Between a viewer and the screen of a machine: RFB both ways, by the rules of ``rfb``.

It outlasts the machine's restarts. A viewer that understands words begins again with the new QEMU on the same connection; RFB has
no other way, since compression goes on through all of a stream. Others connect again.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

from . import rfb
from .incoming import Incoming
from .sitting import Close, End, Left, Sitting, Viewer

CHUNK = 64 * 1024  # bytes that are read from QEMU at once
SLOW = 30.0  # seconds in which a side must take a chunk, or answer a greeting
LOOK = 0.5  # seconds between looks whether a machine runs again

OpenScreen = Callable[[], Awaitable[socket.socket | None]]
"""Opens the machine's screen. None: it does not run now, or its host cannot be asked."""


async def relay_screen(viewer: Viewer, open_screen: OpenScreen, sitting: Sitting) -> End:
    """Shows a screen to a viewer until either ends, and returns why."""
    return await sitting.last(_Relay(viewer, open_screen, sitting).run())


class _Relay:
    def __init__(self, viewer: Viewer, open_screen: OpenScreen, sitting: Sitting) -> None:
        self._viewer = viewer
        self._open = open_screen
        self._sitting = sitting
        self._incoming = Incoming(viewer)

    async def run(self) -> End:
        try:
            screen = await self._open()
            while screen is not None:
                await self._show(screen)
                if not self._viewer.understands:
                    return End(Close.RESTARTED, "the machine is off, or begins again: connect again")
                screen = await self._next_run()
            return End(Close.LATER, "the machine does not run, or its host cannot be asked now")
        except Left as error:
            return error.end
        except rfb.RfbError as error:
            return End(Close.PROTOCOL, str(error))
        except TimeoutError:
            return End(Close.LATER, f"nothing was read, or answered, for {SLOW:.0f} seconds")

    async def _next_run(self) -> socket.socket:
        """Waits until the machine runs again, and the viewer is ready to begin again."""
        await self._viewer.say({"type": "waiting", "message": "the machine is off, or begins again"})
        ready = asyncio.create_task(self._incoming.discard_until_answered())
        screen: socket.socket | None = None
        try:
            while (screen := await self._open()) is None:
                await asyncio.wait({ready}, timeout=LOOK)
                if ready.done():  # he has gone: there was nothing to answer yet
                    ready.result()
                    ready = asyncio.create_task(self._incoming.discard_until_answered())
            await self._viewer.say({"type": "restart"})
            async with asyncio.timeout(SLOW):
                await ready
            return screen
        except BaseException:
            if screen is not None:
                screen.close()
            raise
        finally:
            ready.cancel()

    async def _show(self, screen: socket.socket) -> None:
        """Shows one run of the machine, until it has ended."""
        reader, writer = await asyncio.open_connection(sock=screen, limit=CHUNK)

        async def to_screen(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        try:
            async with asyncio.timeout(SLOW):
                init = await rfb.greet_server(reader, to_screen)
                await rfb.greet_viewer(self._incoming, self._viewer.send)
            await self._viewer.send(init)
            await self._pass(reader, to_screen)
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # QEMU has ended
        finally:
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, to_screen: rfb.Send) -> None:
        ways = (asyncio.create_task(self._to_viewer(reader)), asyncio.create_task(self._to_screen(to_screen)))
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        for way in done:
            way.result()

    async def _to_viewer(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(CHUNK):
            async with asyncio.timeout(SLOW):
                await self._viewer.send(data)

    async def _to_screen(self, to_screen: rfb.Send) -> None:
        messages = rfb.ViewerMessages()
        while True:
            passed = []
            for message in messages.feed(await self._incoming.read()):
                reads = message[0] in rfb.READING
                if not reads:
                    self._sitting.type()
                if reads or self._sitting.controls:
                    passed.append(message)
            if passed:
                async with asyncio.timeout(SLOW):
                    await to_screen(b"".join(passed))
