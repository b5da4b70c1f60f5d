"""Keys are pressed by whoever may change the machine, in the order of the text, and the audit never says which."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from homeostat.driver.errors import DomainGone, DriverError, HostUnreachable, Refused
from homeostat.driver.guests.calls import GuestHangs
from homeostat.models.machine import MachineState
from homeostat.service.consoles import keys as module
from homeostat.service.consoles.keys import BATCH, HOLD, WAITING, Keyboards, seconds_of
from homeostat.service.files.host_reach import OnAnotherApi
from homeostat.service.refusals import ConsoleUnavailable, KeyboardBusy, NoSuchKey, NoSuchResource, NotYours
from tests.unit.watching import BOB, DOMAIN, EVE, LIBVIRT, MONA, SAM, Watched, host, machine, reported

CHORD, TEXT = (29, 56, 111), "aB\n"
KEYS_OF_TEXT = [(30,), (42, 48), (28,)]


class Keyboard:
    """What libvirt was asked to press."""

    def __init__(self) -> None:
        self.pressed: list[tuple[int, ...]] = []
        self.asked: list[tuple[str, str, int]] = []
        self.errors: list[Exception | None] = []
        self.after: list[Any] = []  # what happens after each batch

    def press(self, uri: str, uuid: str, chords: Sequence[tuple[int, ...]], hold: int) -> None:
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error
        self.asked.append((uri, uuid, hold))
        self.pressed += chords
        if self.after:
            self.after.pop(0)()


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Keyboard:
    found = Keyboard()
    monkeypatch.setattr(module, "press_keys", found.press)
    return found


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "seconds_of", lambda chords: 0)


async def test_they_are_pressed_by_libvirt(tmp_path: Path) -> None:
    await Watched(tmp_path, machine()).desk().keys.press("web", ["ctrl", "alt", "delete"])
    await Watched(tmp_path, machine()).desk().keys.type("web", TEXT)
    with pytest.raises(ConsoleUnavailable, match=r"it went off: 0 of 1 keys were pressed"):
        gone = reported(machine(), domain_uuid="00000000-0000-0000-0000-000000000001")
        await Watched(tmp_path, gone).desk().keys.type("web", "a")


async def test_which_ones(tmp_path: Path, keyboard: Keyboard) -> None:
    watched = Watched(tmp_path, machine())
    begun = time.monotonic()
    await watched.desk().keys.press("web", ["ctrl", "alt", "delete"])
    assert time.monotonic() - begun >= 0.06, "until QEMU has pressed them"
    await watched.desk().keys.type("web", TEXT)
    assert keyboard.pressed == [CHORD, *KEYS_OF_TEXT] and keyboard.asked == [(LIBVIRT, DOMAIN, 10)] * 2
    assert watched.notes.lines == [
        ("bob", "type", "VirtualMachine/web", "Done", "a chord"),
        ("bob", "type", "VirtualMachine/web", "Done", "a text"),
    ]


def test_how_long_they_take() -> None:
    assert seconds_of([(42, 30), (30,)]) == pytest.approx(0.06) and seconds_of([]) == 0 and HOLD == 10


async def test_who_may_not(tmp_path: Path, keyboard: Keyboard) -> None:
    watched = Watched(tmp_path, machine())
    for actor, refused in ((EVE, NotYours), (MONA, NotYours), (SAM, NoSuchResource)):
        for press in (watched.desk(actor).keys.press("web", ["a"]), watched.desk(actor).keys.type("web", "ï")):
            with pytest.raises(refused):
                await press
            assert watched.notes.lines[-1][:4] == (actor.name, "type", "VirtualMachine/web", "Refused")
    assert not keyboard.pressed


async def test_no_screen_is_needed(tmp_path: Path, keyboard: Keyboard) -> None:
    await Watched(tmp_path, machine(display={"vnc": {"enabled": False}, "video": "none"})).desk().keys.press("web", ["a"])
    assert keyboard.pressed == [(30,)]


async def test_a_key_that_no_keyboard_has(tmp_path: Path, keyboard: Keyboard) -> None:
    """Whoever asks learns which one, and the audit does not."""
    watched = Watched(tmp_path, machine())
    for ask, said, key, noted in (
        (watched.desk().keys.type("web", "naïve"), "character 3, ï", "ï", "a text that no keyboard has"),
        (watched.desk().keys.press("web", ["ctrl", "hyper"]), "there is no key 'hyper'", "hyper", "a chord that no keyboard has"),
    ):
        with pytest.raises(NoSuchKey) as refused:
            await ask
        assert said in str(refused.value) and refused.value.details == {"name": "web", "key": key}
        assert watched.notes.lines.pop() == ("bob", "type", "VirtualMachine/web", "Refused", noted)
    assert not keyboard.pressed


async def test_it_is_off(tmp_path: Path, keyboard: Keyboard) -> None:
    for one in (machine(status=False), reported(machine(), state=MachineState.STOPPED)):
        with pytest.raises(ConsoleUnavailable, match="it is off: start it first"):
            await Watched(tmp_path, one).desk().keys.press("web", ["a"])
    assert not keyboard.pressed


@pytest.mark.usefixtures("at_once")
async def test_a_long_text_goes_in_parts(tmp_path: Path, keyboard: Keyboard) -> None:
    watched, sizes = Watched(tmp_path, machine()), []
    keyboard.after = [lambda: sizes.append(len(keyboard.pressed))] * 3
    await watched.desk().keys.type("web", "ab" * 25 + "c")
    assert sizes == [25, 50, 51] and keyboard.pressed == [(30,), (48,)] * 25 + [(46,)] and BATCH == 25


@pytest.mark.usefixtures("at_once")
async def test_what_becomes_of_the_rest(tmp_path: Path, keyboard: Keyboard) -> None:
    """After each part it is looked whether it is the same machine, and still his."""
    for changed, refused, said in (
        (machine(uid="another"), ConsoleUnavailable, "it is another machine now: 25 of 30 keys were pressed"),
        (machine(owner="ada"), NoSuchResource, "there is no VirtualMachine named 'web'"),
        (reported(machine(), state=MachineState.STOPPED), ConsoleUnavailable, "it is off"),
    ):
        watched = Watched(tmp_path, machine())
        keyboard.pressed, keyboard.after = [], [lambda watched=watched, changed=changed: watched.now(changed)]
        with pytest.raises(refused, match=said):
            await watched.desk().keys.type("web", "a" * 30)
        assert len(keyboard.pressed) == 25
        assert watched.notes.lines[-1][3] == "Refused"


@pytest.mark.usefixtures("at_once")
async def test_nobody_types_for_whoever_has_gone(tmp_path: Path, keyboard: Keyboard, at_once: None) -> None:
    """A server that stood still reads requests of long ago: their clients were told that it does not answer."""
    watched = Watched(tmp_path, machine())
    with pytest.raises(ConsoleUnavailable, match="whoever asked has gone: 0 of 1 keys were pressed"):
        await watched.desk().keys.press("web", ["ctrl", "alt", "delete"], lambda: True)
    assert keyboard.pressed == []
    with pytest.raises(ConsoleUnavailable, match=f"has gone: {BATCH} of {BATCH + 1} keys were pressed"):
        await watched.desk().keys.type("web", "a" * (BATCH + 1), lambda: bool(keyboard.pressed))
    assert len(keyboard.pressed) == BATCH
    assert [line[3] for line in watched.notes.lines] == ["Refused", "Refused"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DomainGone("gone"), "it went off: 25 of 30 keys were pressed"),
        (Refused("off"), "it went off: 25 of 30 keys were pressed"),
        (DriverError("no keyboard"), r"no keyboard\. 25 of 30 keys were pressed"),
        (HostUnreachable("down"), r"down\. 25 of 30 keys were pressed"),
    ],
    ids=["gone", "off", "no keyboard", "no libvirt"],
)
async def test_the_machine_takes_no_more(tmp_path: Path, keyboard: Keyboard, error: Exception, said: str) -> None:
    keyboard.errors = [None, error]
    with pytest.raises(ConsoleUnavailable, match=f"the console of web: {said}"):
        await Watched(tmp_path, machine()).desk().keys.type("web", "a" * 30)


async def test_two_texts_do_not_mix(tmp_path: Path, keyboard: Keyboard) -> None:
    watched = Watched(tmp_path, machine(), machine("db"))
    async with watched.desk().keys._keyboards.turn(machine()):
        waiting = asyncio.create_task(watched.desk().keys.type("web", "a"))
        await watched.desk().keys.type("db", "b")
        assert keyboard.pressed == [(48,)], "another machine has a keyboard of its own"
    await waiting
    assert keyboard.pressed == [(48,), (30,)]


async def test_a_keyboard_that_nobody_waits_for_is_forgotten() -> None:
    boards = Keyboards()
    async with boards.turn(machine()):
        assert boards._turns and boards._there
    assert not boards._turns and not boards._there


async def test_only_so_many_wait(tmp_path: Path, keyboard: Keyboard) -> None:
    watched = Watched(tmp_path, machine(), machine("db"))
    keys = watched.desk().keys
    async with keys._keyboards.turn(machine()):
        waiting = [asyncio.create_task(keys.type("web", "a")) for _ in range(WAITING)]
        for _ in range(100):  # until all of them wait
            await asyncio.sleep(0)
        with pytest.raises(KeyboardBusy, match="4 texts wait for the keyboard of web"):
            await keys.type("web", "a")
        await keys.type("db", "b")
    await asyncio.gather(*waiting)
    await keys.type("web", "a")
    assert keyboard.pressed == [(48,), *[(30,)] * (WAITING + 1)]


async def test_its_qemu_hangs(tmp_path: Path, keyboard: Keyboard, monkeypatch: pytest.MonkeyPatch) -> None:
    keyboard.errors = [GuestHangs("nothing answers within 10 seconds: its QEMU or libvirtd hangs")]
    with pytest.raises(ConsoleUnavailable, match=r"within 10 seconds: its QEMU or libvirtd hangs. 0 of 1 keys were pressed"):
        await Watched(tmp_path, machine()).desk().keys.type("web", "a")


async def test_another_server_is_beside_it(tmp_path: Path, keyboard: Keyboard) -> None:
    watched = Watched(tmp_path, reported(machine(), host="a"), host("a", api="http://a:8080"), clustered=True)
    with pytest.raises(OnAnotherApi):
        await watched.desk(BOB).keys.type("web", "a")
    assert watched.notes.lines[-1][3:] == ("PassedOn", "host a is beside the API at http://a:8080") and not keyboard.pressed
