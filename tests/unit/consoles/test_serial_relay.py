"""A serial line is read from its log; what is typed goes down the line while its viewer has control, and he hears why not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from homeostat.consoles import serial_relay
from homeostat.consoles.serial_relay import LineAway, LineHeld, relay_serial
from homeostat.consoles.sitting import LEFT, Close, End, Left, Sitting, Word


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial_relay, "LOOK", 0.001)
    monkeypatch.setattr(serial_relay, "RETRY", 0.0)


@dataclass
class Page:
    """A viewer."""

    understands: bool = True
    typed: asyncio.Queue[bytes | End] = field(default_factory=asyncio.Queue)
    seen: bytes = b""
    words: list[Word] = field(default_factory=list)
    reads: bool = True

    async def receive(self) -> bytes:
        if isinstance(typed := await self.typed.get(), End):
            raise Left(typed)
        return typed

    async def send(self, data: bytes) -> None:
        self.seen += data
        if not self.reads:
            await asyncio.Event().wait()

    async def say(self, word: Word) -> None:
        self.words.append(word)


@dataclass
class Guest:
    """A line, and the log of what its guest wrote. ``held``: by another program; ``barred``: by its host.
    ``room``: parts that the guest takes."""

    log: list[bytes] = field(default_factory=list)
    off: bool = False
    held: bool = False
    barred: bool = False
    room: int = 100
    got: bytes = b""
    opened: list[bool] = field(default_factory=list)
    over: bool = True

    def read(self) -> bytes:
        return self.log.pop(0) if self.log else b""

    async def open(self, force: bool) -> Guest | None:
        self.opened.append(force)
        if self.held and not force:
            raise LineHeld("virsh has it")
        if self.barred:
            raise LineAway("its host bars it")
        self.over = self.off
        return None if self.off else self

    def type(self, part: bytes) -> bool:
        if self.room:
            self.room, self.got = self.room - 1, self.got + part
            return True
        return False

    def close(self) -> None:
        self.over = True


@dataclass
class Opened:
    page: Page
    guest: Guest
    sitting: Sitting
    ending: asyncio.Task[End]

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not true():
                assert not self.ending.done(), self.ending.result()
                await asyncio.sleep(0.001)

    async def type(self, text: bytes) -> None:
        """Types, and waits until it was looked at."""
        before = self.sitting.typed
        self.page.typed.put_nowait(text)
        await self.until(lambda: self.sitting.typed != before)


@asynccontextmanager
async def opened(page: Page, guest: Guest, controls: bool = True, end: End = LEFT) -> AsyncIterator[Opened]:
    sitting = Sitting(controls)
    made = Opened(page, guest, sitting, asyncio.create_task(relay_serial(page, guest, guest.open, sitting)))
    yield made
    page.typed.put_nowait(end)
    assert await asyncio.wait_for(made.ending, 5) == end
    assert guest.over  # the line was given back


async def test_what_the_guest_writes_is_seen_and_what_is_typed_arrives() -> None:
    async with opened(Page(), Guest(log=[b"login: ", b"motd"])) as console:
        await console.until(lambda: console.page.seen == b"login: motd")
        assert console.guest.opened == []  # nobody has typed: other programs may have the line
        await console.type(b"root\r")
        await console.type(b"x" * 10_000)
        await console.until(lambda: console.guest.got == b"root\r" + b"x" * 10_000)
        assert console.guest.opened == [False]


async def test_a_viewer_who_has_to_go_is_told_why() -> None:
    async with opened(Page(), Guest(), end=End(Close.PROTOCOL, "the viewer sent a text")) as console:
        await console.type(b"a")


async def test_the_line_is_given_back_with_control_and_what_is_typed_is_dropped() -> None:
    async with opened(Page(), Guest()) as console:
        await console.type(b"a")
        await console.until(lambda: console.guest.got == b"a")
        console.sitting.controls = False
        await console.until(lambda: console.guest.over)
        await console.type(b"b")
        console.sitting.controls = True
        await console.type(b"c")
        await console.until(lambda: console.guest.got == b"ac")


@pytest.mark.parametrize("understands", [True, False])
async def test_another_program_has_it_until_control_is_taken(understands: bool) -> None:
    async with opened(Page(understands), Guest(held=True)) as console:
        for key in (b"a", b"b"):
            await console.type(key)
        await console.until(lambda: console.guest.opened == [False, False])
        assert console.page.words == ([{"type": "held", "message": "virsh has it"}] if understands else [])
        assert console.page.seen == (b"" if understands else b"\r\n[virsh has it]\r\n")  # once, not with each key
        console.sitting.taken = True
        await console.until(lambda: console.guest.opened[-1])
        await console.type(b"c")
        await console.until(lambda: console.guest.got == b"c")
        console.guest.over = True  # the other program has it again
        await console.type(b"d")
        await console.until(lambda: console.guest.opened == [False, False, True, False])


async def test_a_line_that_its_host_bars() -> None:
    async with opened(Page(), Guest(barred=True)) as console:
        await console.type(b"lost")
        await console.until(lambda: console.guest.opened == [False])
        assert console.page.words == [{"type": "waiting", "message": "its host bars it"}] and not console.guest.got


async def test_what_is_typed_as_soon_as_control_was_taken_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever had it gives the line back a moment later."""
    monkeypatch.setattr(serial_relay, "LOOK", 60.0)
    async with opened(Page(), Guest(held=True), controls=False) as console:
        await console.type(b"dropped")
        console.sitting.controls = console.sitting.taken = True
        await console.type(b"kept")
        await console.until(lambda: console.guest.got == b"kept")
        assert console.guest.opened == [True] and console.page.words == []


async def test_who_took_control_and_lost_it_takes_nothing() -> None:
    async with opened(Page(), Guest(held=True), controls=False) as console:
        console.sitting.taken = True
        console.guest.log.append(b"x")
        await console.until(lambda: console.page.seen)
        assert console.guest.opened == []


async def test_the_line_of_the_next_run_is_opened_with_the_next_key() -> None:
    async with opened(Page(), Guest()) as console:
        await console.type(b"a")
        await console.until(lambda: console.guest.got == b"a")
        console.guest.off = console.guest.over = True
        await console.type(b"b")
        await console.until(lambda: console.page.words)
        assert console.page.words == [{"type": "waiting", "message": "the machine is off, or begins again"}]
        console.guest.off = False
        await console.type(b"c")
        await console.until(lambda: console.guest.got == b"ac")


async def test_a_guest_that_takes_nothing_loses_what_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial_relay, "SLOW", 0.05)
    async with opened(Page(), Guest(room=1)) as console:
        await console.type(b"x" * 5000)
        await console.until(lambda: console.page.words)
        assert console.page.words[0]["type"] == "stuck"
        assert console.guest.got == b"x" * 4096


async def test_who_does_not_read_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial_relay, "SLOW", 0.05)
    page, guest = Page(reads=False), Guest(log=[b"x"])
    end = await asyncio.wait_for(relay_serial(page, guest, guest.open, Sitting(True)), 5)
    assert end.code is Close.LATER


async def test_a_log_that_cannot_be_read_ends_it() -> None:
    class Closed(Guest):
        def read(self) -> bytes:
            raise PermissionError(13, "Permission denied")

    end = await asyncio.wait_for(relay_serial(Page(), guest := Closed(), guest.open, Sitting(True)), 5)
    assert end == End(Close.FAILED, "the log cannot be read: Permission denied")


async def test_a_line_that_opens_too_late_is_given_back() -> None:
    asked, came, closed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    class Late(Guest):
        async def open(self, force: bool) -> Guest | None:
            asked.set()
            await came.wait()
            return await super().open(force)

        def close(self) -> None:
            closed.set()

    page, guest, sitting = Page(), Late(), Sitting(True)
    ending = asyncio.create_task(relay_serial(page, guest, guest.open, sitting))
    page.typed.put_nowait(b"a")
    async with asyncio.timeout(5):
        await asked.wait()
        sitting.end(End(Close.POLICY, "over"))
        assert (await ending).why == "over"
        came.set()
        await closed.wait()
