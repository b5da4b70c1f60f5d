"""A console that is open leads to that one machine, as long as whoever looks may, and wherever its host can be reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from homeostat.accounts.actor import Actor
from homeostat.accounts.consoles import Bearer, ConsoleKind, ConsoleMode, ConsoleOf, OpenConsole
from homeostat.consoles.serial_relay import LineAway, LineHeld
from homeostat.driver.errors import DomainGone, DriverError, HostUnreachable, Refused, ResourceInUse
from homeostat.models.machine import VirtualMachine
from homeostat.service.consoles import consoles as module
from homeostat.service.consoles.consoles import MachineConsoles
from homeostat.service.refusals import ConsoleUnavailable, LogUnavailable, NoConsoleSize
from tests.unit.serving import BORN
from tests.unit.watching import BOB, DOMAIN, EVE, LIBVIRT, MONA, SAM, Watched, host, machine, reported

SCREEN = ConsoleOf("default", "web", "uid-web", ConsoleKind.VNC, ConsoleMode.CONTROL)
LOOKING = ConsoleOf("default", "web", "uid-web", ConsoleKind.VNC, ConsoleMode.VIEW)
LINE = ConsoleOf("default", "web", "uid-web", ConsoleKind.SERIAL, ConsoleMode.CONTROL)
READING = ConsoleOf("default", "web", "uid-web", ConsoleKind.SERIAL, ConsoleMode.VIEW)


def deleted() -> VirtualMachine:
    found = machine()
    return found.model_copy(update={"metadata": found.metadata.model_copy(update={"deletion_timestamp": BORN})})


def consoles(state: Path, *resources: Any, actor: Actor = BOB, **allowed: Any) -> MachineConsoles:
    return Watched(state, *resources, **allowed).desk(actor).consoles


def opens(monkeypatch: pytest.MonkeyPatch, name: str, outcome: object) -> list[tuple[Any, ...]]:
    """Lets what opens a screen or a line return that, or raise it. Returns what it is called with."""
    calls: list[tuple[Any, ...]] = []

    def opened(*arguments: Any) -> object:
        calls.append(arguments)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(module, name, opened)
    return calls


async def test_it_is_still_that_one_and_his(tmp_path: Path) -> None:
    here = consoles(tmp_path, machine())
    assert [await here.still(one) for one in (SCREEN, LOOKING, LINE, READING)] == [True] * 4
    eves = consoles(tmp_path, machine(), actor=EVE)
    assert [await eves.still(one) for one in (SCREEN, LOOKING, LINE, READING)] == [False, True, False, True]
    sams = consoles(tmp_path, machine(), actor=SAM)
    assert [await sams.still(one) for one in (SCREEN, LOOKING, LINE, READING)] == [False] * 4


@pytest.mark.parametrize(
    ("there", "who", "said"),
    [
        ([machine()], BOB, ""),
        ([machine()], EVE, ""),  # she sees it, and may not change it any more
        ([machine()], SAM, "web is gone, or not yours to look at any more"),
        ([], BOB, "web is gone, or not yours to look at any more"),
        ([deleted()], BOB, "web is being deleted"),
        ([machine(uid="another")], BOB, "web was deleted, and another machine has its name: connect again for that one"),
    ],
    ids=["as it was", "seen", "not seen", "gone", "being deleted", "replaced"],
)
async def test_what_became_of_it(tmp_path: Path, there: Sequence[Any], who: Actor, said: str) -> None:
    assert await consoles(tmp_path, *there, actor=who).fate(SCREEN) == said


async def test_it_is_not_any_more(tmp_path: Path) -> None:
    for others in ([], [deleted()], [machine(uid="another")]):
        assert not await consoles(tmp_path, *others).still(SCREEN)
    private = machine(display={"private": True})
    eves = consoles(tmp_path, private, actor=EVE)
    by_webrtc = replace(LOOKING, kind=ConsoleKind.WEBRTC)
    assert [await eves.still(one) for one in (LOOKING, by_webrtc, READING)] == [False, False, True]
    assert await consoles(tmp_path, private).still(SCREEN)


OPENING = pytest.mark.parametrize(
    ("name", "ask", "more"),
    [
        ("open_screen", lambda here: here.screen(SCREEN), ()),
        ("open_line", lambda here: here.serial_line(LINE, True), (True,)),
        ("open_line", lambda here: here.serial_line(LINE, False), (False,)),
    ],
    ids=["screen", "line, by force", "line"],
)


@OPENING
async def test_it_is_of_the_machines_domain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, ask: Callable[..., Any], more: tuple[bool, ...]
) -> None:
    there = object()
    calls = opens(monkeypatch, name, there)
    assert await ask(consoles(tmp_path, machine())) is there and calls == [(LIBVIRT, DOMAIN, *more)]


@OPENING
async def test_there_is_none_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, ask: Callable[..., Any], more: tuple[bool, ...]
) -> None:
    calls = opens(monkeypatch, name, AssertionError("it is not asked for"))
    for others in ([], [machine(uid="another")], [machine(status=False)], [reported(machine(), domain_uuid=None)]):
        assert await ask(consoles(tmp_path, *others)) is None and not calls
    for error in (DomainGone("gone"), Refused("off"), HostUnreachable("down")):
        opens(monkeypatch, name, error)
        assert await ask(consoles(tmp_path, machine())) is None


@OPENING
async def test_it_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, ask: Callable[..., Any], more: tuple[bool, ...]
) -> None:
    opens(monkeypatch, name, DriverError("no VNC server"))
    with pytest.raises(ConsoleUnavailable, match="the console of web: no VNC server"):
        await ask(consoles(tmp_path, machine()))
    far = reported(machine(), host="a"), host("a", api="http://a:8080")
    with pytest.raises(ConsoleUnavailable, match="ask for it there"):
        await ask(consoles(tmp_path, *far, clustered=True))


async def test_a_line_that_another_program_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opens(monkeypatch, "open_line", ResourceInUse("busy"))
    with pytest.raises(LineHeld, match="take control to disconnect that program"):
        await consoles(tmp_path, machine()).serial_line(LINE, False)


async def test_a_line_that_its_host_cannot_open(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """libvirt's words may name places of the host: they go to the log."""
    with pytest.raises(LineAway, match="cannot be opened, and what you type is lost: the API server's log says why"):
        await consoles(tmp_path, machine()).serial_line(LINE, False)
    assert "not supported by the connection driver: virDomainOpenConsole" in caplog.text


async def test_a_driver_without_screens_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConsoleUnavailable, match="not supported by the connection driver"):
        await consoles(tmp_path, machine()).screen(SCREEN)


async def test_the_last_of_the_log_is_shown(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_bytes(b"x" * 100 + b"y" * 64 * 1024)
    shown = await consoles(tmp_path, reported(machine(), console_log=str(log))).serial_log(READING)
    first, whole = shown.read(), b"y" * 64 * 1024
    while len(first) < len(whole) and (more := shown.read()):
        first += more
    assert first == whole and shown.read() == b""


async def test_there_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(ConsoleUnavailable, match="web: it is gone, or not yours any more"):
        await consoles(tmp_path).serial_log(READING)
    with pytest.raises(LogUnavailable):
        await consoles(tmp_path, machine()).serial_log(READING)


def test_it_takes_no_size(tmp_path: Path) -> None:
    for console, said in ((LINE, "web takes no size: type `stty rows 40 columns 132` there"), (SCREEN, "SetDesktopSize")):
        with pytest.raises(NoConsoleSize, match=said):
            consoles(tmp_path).resize(console, 40, 132)


async def test_who_knows_of_one(tmp_path: Path) -> None:
    def by(account: str, of: ConsoleOf = SCREEN) -> OpenConsole:
        return OpenConsole(account or "nobody", Bearer("session", account), of, False, BORN)  # type: ignore[arg-type]

    elsewhere = ConsoleOf("lab", "web", "uid-web", ConsoleKind.VNC, ConsoleMode.VIEW)
    everyone = [by("bob"), by("eve"), by(""), by("sam"), by("ada", elsewhere)]
    for actor, known in (
        (BOB, ["bob", "eve", "nobody", "sam"]),  # his machine
        (EVE, ["eve"]),
        (SAM, ["sam"]),
        (MONA, ["bob", "eve", "nobody", "sam", "ada"]),
        (Actor("token", rights=SAM.rights), []),
    ):
        assert [one.id for one in await consoles(tmp_path, machine(), actor=actor).visible(everyone)] == known
