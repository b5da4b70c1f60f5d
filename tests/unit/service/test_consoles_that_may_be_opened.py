"""Who may open which console, what he may do there, and what is said where there is none; and that it is in the audit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from homeostat.accounts.actor import Actor
from homeostat.accounts.consoles import SCREENS, ConsoleKind, ConsoleMode, ConsoleOf
from homeostat.consoles.webrtc import WebRtcMissing
from homeostat.models.machine import MachineState
from homeostat.service.consoles import consoles as module
from homeostat.service.consoles.consoles import uuid_of
from homeostat.service.refusals import (
    ConsoleUnavailable,
    LogUnavailable,
    NoSuchResource,
    NotYours,
    Refusal,
    ScreenPrivate,
    WebRtcUnavailable,
)
from homeostat.store.files.hosts import KnownHost, write_hosts
from homeostat.store.files.serving import say_served
from tests.unit.watching import BOB, DOMAIN, EVE, LIBVIRT, MONA, SAM, Watched, host, machine, reported

VNC, SERIAL, WEBRTC = ConsoleKind.VNC, ConsoleKind.SERIAL, ConsoleKind.WEBRTC
CONTROL, VIEW = ConsoleMode.CONTROL, ConsoleMode.VIEW
HEADLESS: dict[str, Any] = {"vnc": {"enabled": False}}


def logged(state: Path, **spec: Any) -> Any:
    log = state / "web.log"
    log.write_bytes(b"booted")
    return reported(machine(**spec), console_log=str(log))


async def refusal(
    watched: Watched, kind: ConsoleKind = VNC, actor: Actor = BOB, mode: ConsoleMode | None = None, name: str = "web"
) -> Refusal:
    with pytest.raises(Refusal) as failure:
        await watched.desk(actor).consoles.wanted(name, kind, mode)
    return failure.value


@pytest.mark.parametrize("kind", [VNC, SERIAL])
@pytest.mark.parametrize(
    ("actor", "asked", "given"),
    [(BOB, None, CONTROL), (BOB, VIEW, VIEW), (BOB, CONTROL, CONTROL), (EVE, None, VIEW), (EVE, VIEW, VIEW), (MONA, None, VIEW)],
    ids=["his", "his, to look", "his, to control", "seen", "seen, to look", "moderated"],
)
async def test_who_may(tmp_path: Path, kind: ConsoleKind, actor: Actor, asked: ConsoleMode | None, given: ConsoleMode) -> None:
    watched = Watched(tmp_path, logged(tmp_path))
    found = await watched.desk(actor).consoles.wanted("web", kind, asked)
    assert found == ConsoleOf("default", "web", "uid-web", kind, given)
    assert watched.notes.lines == [(actor.name, "open", "VirtualMachine/web", "Done", f"its {kind} console, to {given}")]


async def test_who_may_not(tmp_path: Path) -> None:
    watched = Watched(tmp_path, machine())
    for actor in (EVE, MONA):
        refused = await refusal(watched, actor=actor, mode=CONTROL)
        assert isinstance(refused, NotYours) and "not yours to change" in str(refused)
        assert watched.notes.lines.pop() == (actor.name, "open", "VirtualMachine/web", "Refused", str(refused))
    for actor, name in ((SAM, "web"), (BOB, "none")):
        assert isinstance(await refusal(watched, actor=actor, name=name), NoSuchResource)


async def test_there_is_no_screen(tmp_path: Path) -> None:
    watched = Watched(tmp_path, logged(tmp_path, display=HEADLESS))
    refused = await refusal(watched)
    assert isinstance(refused, ConsoleUnavailable) and "its spec says display.vnc.enabled: false" in str(refused)
    assert refused.details == {"name": "web"}
    await watched.desk().consoles.wanted("web", SERIAL)  # it has a serial line


async def test_it_is_private(tmp_path: Path) -> None:
    watched = Watched(tmp_path, logged(tmp_path, display={**HEADLESS, "private": True}))
    for actor in (EVE, MONA):
        for kind in SCREENS:
            assert isinstance(await refusal(watched, kind, actor), ScreenPrivate), "nor does he learn whether there is one"
    await watched.desk(EVE).consoles.wanted("web", SERIAL)  # which is no screen
    watched.now(machine(display={"private": True}))
    assert (await watched.desk().consoles.wanted("web", VNC)).mode is CONTROL


@pytest.mark.parametrize("kind", [VNC, SERIAL])
async def test_it_is_off(tmp_path: Path, kind: ConsoleKind) -> None:
    there = logged(tmp_path)
    for one in (machine(status=False), reported(there, domain_uuid=None), reported(there, state=MachineState.STOPPED)):
        refused = await refusal(Watched(tmp_path, one), kind)
        assert isinstance(refused, ConsoleUnavailable) and "it is off: start it first" in str(refused)
    assert uuid_of(there) == DOMAIN


async def test_there_is_no_log_to_show(tmp_path: Path) -> None:
    watched = Watched(tmp_path, machine())
    assert isinstance(await refusal(watched, SERIAL), LogUnavailable)
    await watched.desk().consoles.wanted("web", VNC)


async def test_webrtc_is_not_spoken_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def missing() -> None:
        raise WebRtcMissing("no aiortc")

    monkeypatch.setattr(module, "load_peer", missing)
    watched = Watched(tmp_path, machine())
    refused = await refusal(watched, WEBRTC)
    assert isinstance(refused, WebRtcUnavailable) and str(refused).startswith("no aiortc: install it there by pip install")
    there = Watched(tmp_path, reported(machine(), host="a"), host("a", api="http://a:8080"), clustered=True)
    assert (await there.desk().consoles.wanted("web", WEBRTC, passed_on=True)).kind is WEBRTC, "it may be spoken there"


async def test_a_host_of_several(tmp_path: Path) -> None:
    watched = Watched(tmp_path, reported(machine(), host="a"))
    write_hosts(watched.state, {"a": KnownHost(LIBVIRT), "b": KnownHost("test:///other", served=False)})
    await watched.desk().consoles.wanted("web", VNC)
    assert await watched.desk().consoles.libvirt_of(reported(machine(), host="a")) == LIBVIRT
    watched.now(reported(machine(), host="b"))
    refused = await refusal(watched)
    assert isinstance(refused, ConsoleUnavailable) and "web is on host b, which is not served" in str(refused)
    with pytest.raises(ConsoleUnavailable):
        await watched.desk().consoles.libvirt_of(machine(status=False))


async def test_a_host_of_a_cluster(tmp_path: Path) -> None:
    watched = Watched(tmp_path, reported(machine(), host="a"), host("a", api="http://a:8080"), clustered=True)
    refused = await refusal(watched)
    assert isinstance(refused, ConsoleUnavailable) and "beside the API at http://a:8080: ask for it there" in str(refused)
    say_served(watched.state, "one", {"a": LIBVIRT})
    found = await watched.desk().consoles.wanted("web", VNC)
    assert await watched.desk().consoles.elsewhere(found) is None
    watched.now(machine())
    assert "on no host yet" in str(await refusal(watched))


@pytest.mark.parametrize("kind", [VNC, SERIAL])
async def test_another_api_server_has_it(tmp_path: Path, kind: ConsoleKind) -> None:
    watched = Watched(tmp_path, reported(machine(), host="a"), host("a", api="http://a:8080"), clustered=True)
    consoles = watched.desk().consoles
    found = await consoles.wanted("web", kind, passed_on=True)
    assert found == ConsoleOf("default", "web", "uid-web", kind, CONTROL)
    there = await consoles.elsewhere(found)
    assert there is not None and (there.host, there.address) == ("a", "http://a:8080")
    assert await watched.desk(SAM).consoles.elsewhere(found) is None, "he does not learn where it is"
    watched.now(reported(machine(), host="a", domain_uuid=None))
    with pytest.raises(ConsoleUnavailable, match="it is off"):
        await consoles.wanted("web", kind, passed_on=True)
    watched.now(machine())
    with pytest.raises(ConsoleUnavailable, match="on no host yet"):
        await consoles.wanted("web", kind, passed_on=True)
