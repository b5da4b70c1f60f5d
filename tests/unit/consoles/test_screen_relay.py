"""Between a viewer and a screen: what passes, what does not, and how it ends. The screen is a small RFB server on a socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from homeostat.consoles import screen_relay
from homeostat.consoles.rfb import VERSION
from homeostat.consoles.screen_relay import relay_screen
from homeostat.consoles.sitting import LEFT, Close, End, Left, Sitting, Word
from tests.unit.consoles.rfb_screen import RfbScreen, server_init

INIT = server_init(4, 2)
KEY, ASKS = b"\x04\x01\x00\x00\x00\x00\x00\x61", b"\x03\x00" + bytes(8)
GREETING = VERSION + b"\x01\x01"


@dataclass
class Person:
    """A viewer: what he says is put into ``says``; an end: he leaves, or has to."""

    understands: bool = True
    says: asyncio.Queue[bytes | End] = field(default_factory=asyncio.Queue)
    saw: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    heard: asyncio.Queue[Word] = field(default_factory=asyncio.Queue)
    blind: bool = False

    async def receive(self) -> bytes:
        said = await self.says.get()
        if isinstance(said, End):
            raise Left(said)
        return said

    async def send(self, data: bytes) -> None:
        if self.blind:
            await asyncio.Event().wait()
        await self.saw.put(data)

    async def say(self, word: Word) -> None:
        await self.heard.put(word)

    async def greets(self) -> None:
        """Goes through the handshake, and has seen ServerInit after it."""
        await self.sees(VERSION)
        await self.says.put(VERSION)
        await self.sees(b"\x01\x01")
        await self.says.put(b"\x01\x00")  # wants the screen for himself
        await self.sees(bytes(4))
        await self.sees(INIT)

    async def sees(self, wanted: bytes) -> None:
        async with asyncio.timeout(5):
            assert await self.saw.get() == wanted


@dataclass
class Shown:
    person: Person
    sitting: Sitting
    runs: list[RfbScreen | None]
    relay: asyncio.Task[End]

    async def end(self) -> End:
        async with asyncio.timeout(5):
            return await self.relay


@pytest.fixture
async def shown() -> Callable[..., Shown]:
    def begin(*runs: RfbScreen | None, controls: bool = True, understands: bool = True) -> Shown:
        person, sitting, left = Person(understands), Sitting(controls), list(runs)

        async def open_screen() -> socket.socket | None:
            screen = left.pop(0) if left else None
            return screen.theirs if screen is not None else None

        return Shown(person, sitting, left, asyncio.create_task(relay_screen(person, open_screen, sitting)))

    return begin


async def both(screen: RfbScreen, person: Person) -> None:
    await asyncio.gather(screen.shakes_hands(), person.greets())


async def test_bytes_pass_both_ways_and_the_viewer_leaves(shown: Callable[..., Shown]) -> None:
    screen = RfbScreen()
    look = shown(screen)
    await both(screen, look.person)
    await screen.sends(b"picture")
    await look.person.sees(b"picture")
    before = look.sitting.typed
    await look.person.says.put(ASKS[:3])
    await look.person.says.put(ASKS[3:] + KEY)
    assert await screen.gets(len(ASKS + KEY)) == ASKS + KEY
    assert look.sitting.typed > before
    await look.person.says.put(LEFT)
    assert await look.end() == End(Close.DONE, "the viewer left")


async def test_a_viewer_who_has_to_go_is_told_why(shown: Callable[..., Shown]) -> None:
    screen, end = RfbScreen(), End(Close.PROTOCOL, "the viewer sent a text")
    look = shown(screen)
    await both(screen, look.person)
    await look.person.says.put(end)
    assert await look.end() == end


async def test_what_somebody_types_who_has_no_control_does_not_arrive(shown: Callable[..., Shown]) -> None:
    screen = RfbScreen()
    look = shown(screen, controls=False)
    await both(screen, look.person)
    await look.person.says.put(KEY + ASKS)
    assert await screen.gets(len(ASKS)) == ASKS
    look.sitting.controls = True
    await look.person.says.put(KEY)
    assert await screen.gets(len(KEY)) == KEY


async def test_it_goes_on_with_the_next_run(shown: Callable[..., Shown], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen_relay, "LOOK", 0.01)
    first, second = RfbScreen(), RfbScreen()
    look = shown(first, None, None, second)
    await both(first, look.person)
    first.socket.close()
    assert (await look.person.heard.get())["type"] == "waiting"
    await look.person.says.put(KEY)  # of the run before
    assert await look.person.heard.get() == {"type": "restart"}
    await look.person.says.put(KEY)
    await look.person.says.put(b"")  # ready
    await both(second, look.person)
    await look.person.says.put(ASKS)
    assert await second.gets(len(ASKS)) == ASKS


async def test_somebody_leaves_while_the_machine_is_off(shown: Callable[..., Shown], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen_relay, "LOOK", 0.01)
    screen = RfbScreen()
    look = shown(screen)
    await both(screen, look.person)
    screen.socket.close()
    await look.person.heard.get()
    await look.person.says.put(LEFT)
    assert (await look.end()).code is Close.DONE


async def test_who_understands_no_words_connects_again(shown: Callable[..., Shown]) -> None:
    screen = RfbScreen()
    look = shown(screen, understands=False)
    await both(screen, look.person)
    screen.socket.close()
    assert (await look.end()).code is Close.RESTARTED and look.person.heard.empty()


async def test_a_machine_that_does_not_run(shown: Callable[..., Shown]) -> None:
    assert await shown(None).end() == End(Close.LATER, "the machine does not run, or its host cannot be asked now")


async def test_it_ends_when_that_is_decided_elsewhere(shown: Callable[..., Shown]) -> None:
    screen = RfbScreen()
    look = shown(screen)
    await both(screen, look.person)
    look.sitting.end(End(Close.POLICY, "ended by root"))
    look.sitting.end(End(Close.POLICY, "and again"))
    assert await look.end() == End(Close.POLICY, "ended by root")
    assert await asyncio.get_running_loop().sock_recv(screen.socket, 1) == b""  # and QEMU is left alone


@pytest.mark.parametrize("noise", [b"\x01", b"\x06\x00\x00\x00\x7f\xff\xff\xff"])
async def test_a_viewer_who_sends_noise(shown: Callable[..., Shown], noise: bytes) -> None:
    screen = RfbScreen()
    look = shown(screen)
    await both(screen, look.person)
    await look.person.says.put(noise)
    assert (await look.end()).code is Close.PROTOCOL


async def test_a_screen_that_sends_noise(shown: Callable[..., Shown]) -> None:
    screen = RfbScreen()
    look = shown(screen)
    await screen.sends(b"HTTP/1.1 400 Bad Request\r\n")
    assert await look.end() == End(Close.PROTOCOL, "the screen does not speak RFB 3")


async def test_a_viewer_who_does_not_read(shown: Callable[..., Shown], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen_relay, "SLOW", 0.2)
    screen = RfbScreen()
    look = shown(screen)
    await both(screen, look.person)
    look.person.blind = True
    await screen.sends(b"picture")
    assert (await look.end()).code is Close.LATER
