"""A picture of a screen is for whoever may look at it; a dummy stands for what is not there, and nothing else does."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from homeostat.accounts.actor import Actor
from homeostat.accounts.consoles import ConsoleKind, ConsoleMode, ConsoleOf
from homeostat.consoles import film
from homeostat.consoles.frames import FrameLimits, Frames
from homeostat.consoles.pictures import Picture, PictureSize, dummy_picture
from homeostat.driver.errors import DriverError
from homeostat.models.machine import MachineState
from homeostat.service.consoles import consoles
from homeostat.service.consoles.screens import MachineScreens
from homeostat.service.files.host_reach import OnAnotherApi
from homeostat.service.refusals import ConsoleUnavailable, NoSuchResource, ScreenPrivate, TooManyScreens
from tests.unit.consoles.rfb_screen import ASKS_ALL, RED, RfbScreen, raw
from tests.unit.watching import BOB, DOMAIN, EVE, LIBVIRT, SAM, Watched, host, machine, reported

FULL, THUMBNAIL = PictureSize.FULL, PictureSize.THUMBNAIL


class Shown:
    """What is asked for pictures, and the screens that were opened for them."""

    def __init__(self, state: Path, *resources: Any, frames: Frames | None = None, **allowed: Any) -> None:
        self.watched = Watched(state, *resources, **allowed)
        self.frames = Frames() if frames is None else frames  # one without readers is empty
        self.opened: list[tuple[str, str]] = []
        self.screen = RfbScreen(640, 4)
        self.error: Exception | None = None

    def open_screen(self, uri: str, uuid: str) -> socket.socket:
        self.opened.append((uri, uuid))
        if self.error is not None:
            raise self.error
        return self.screen.theirs

    def screens(self, actor: Actor = BOB) -> MachineScreens:
        desk = self.watched.desk(actor)
        return MachineScreens(desk.machines, desk.consoles, self.frames)

    async def picture(self, actor: Actor = BOB, size: PictureSize = FULL, dummy: bool = False, name: str = "web") -> Picture:
        return await self.screens(actor).picture(name, size, dummy)

    async def painted(self, actor: Actor = BOB, size: PictureSize = FULL) -> Picture:
        """Looks for the first time, at a screen that is painted."""
        looking = asyncio.create_task(self.picture(actor, size))
        await self.screen.greets()
        assert await self.screen.is_asked() == ASKS_ALL
        await self.screen.shows(raw(0, 0, *self.screen.size))
        return await looking


@pytest.fixture
async def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    def made(*resources: Any, **more: Any) -> Shown:
        found = Shown(tmp_path, *resources, **more)
        monkeypatch.setattr(consoles, "open_screen", found.open_screen)
        return found

    yield made
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()  # readers, which go on for a while


async def test_whoever_sees_the_machine_sees_its_screen(shown: Any) -> None:
    web = shown(machine())
    first = await web.painted(EVE)
    assert first.png.startswith(b"\x89PNG") and web.opened == [(LIBVIRT, DOMAIN)]
    assert await web.picture(BOB) is first and await web.picture(EVE, dummy=True) is first, "one reader serves all"
    small = await web.picture(BOB, THUMBNAIL)
    assert int.from_bytes(small.png[16:20], "big") == 320 and len(web.frames) == 1
    with pytest.raises(NoSuchResource):
        await web.picture(SAM, dummy=True)
    with pytest.raises(NoSuchResource):
        await web.picture(name="none", dummy=True)


async def test_another_machine_or_domain_is_another_screen(shown: Any) -> None:
    web = shown(machine())
    await web.painted()
    for other in (reported(machine(), domain_uuid="00000000-0000-0000-0000-000000000001"), machine(uid="another")):
        web.watched.now(other)
        web.screen = RfbScreen(640, 4)
        await web.painted()
    assert len(web.opened) == 3 == len(web.frames)


MDEV = {"uuid": "c2177883-f1bb-47f0-914d-32a22e3a8804"}


async def test_there_is_nothing_to_see(shown: Any) -> None:
    lent = [{"name": "gpu", "mdev": MDEV}, {"name": "nic", "pci": {"address": "0000:00:02.0"}}]
    for one, said in (
        (machine(display={"vnc": {"enabled": False}}), "it has no screen: its spec says display.vnc.enabled: false"),
        (machine(display={"video": "none"}), "it shows nothing: its spec says display.video: none"),
        (machine(display={"video": "none"}, hostDevices=lent), "it shows nothing"),
        (reported(machine(), state=MachineState.STOPPED), "it is off: start it first"),
        (machine(status=False), "it is off"),
    ):
        web = shown(one)
        with pytest.raises(ConsoleUnavailable, match=f"the console of web: {said}"):
            await web.picture()
        assert await web.picture(dummy=True) is dummy_picture(FULL)
        assert await web.picture(size=THUMBNAIL, dummy=True) is dummy_picture(THUMBNAIL)
        assert not web.opened


async def test_a_card_that_is_lent_to_the_guest_has_a_screen(shown: Any) -> None:
    web = shown(machine(display={"video": "none"}, hostDevices=[{"name": "gpu", "mdev": {**MDEV, "display": True}}]))
    assert (await web.painted()).changed


async def test_a_private_screen_is_not_even_opened(shown: Any) -> None:
    web = shown(machine(display={"private": True}))
    with pytest.raises(ScreenPrivate, match="only who may change the machine sees it"):
        await web.picture(EVE)
    assert await web.picture(EVE, dummy=True) is dummy_picture(FULL) and not web.opened
    real = await web.painted()
    with pytest.raises(ScreenPrivate):
        await web.picture(EVE)
    assert await web.picture(EVE, dummy=True) is not real, "nor is what others see"


async def test_it_cannot_be_read(shown: Any) -> None:
    web = shown(machine())
    for web.error, said in ((DriverError("no VNC server"), "no VNC server"), (None, "it has just ended")):
        for dummy in (False, True):
            web.screen = RfbScreen()
            web.screen.socket.close()
            if dummy:
                assert await web.picture(dummy=True) is dummy_picture(FULL)
                continue
            with pytest.raises(ConsoleUnavailable) as failure:
                await web.picture()
            assert str(failure.value) == f"the console of web: {said}" and failure.value.details == {"name": "web"}


async def test_as_many_are_watched_as_may_be(shown: Any) -> None:
    web = shown(machine(), frames=Frames(FrameLimits(readers=0)))
    for dummy in (False, True):
        with pytest.raises(
            TooManyScreens, match="no picture of web now: 0 screens are watched, and 0 are the most, try again later"
        ):
            await web.picture(dummy=dummy)


async def test_another_server_is_beside_it(shown: Any) -> None:
    web = shown(reported(machine(), host="a"), host("a", api="http://a:8080"), clustered=True)
    with pytest.raises(OnAnotherApi) as there:
        await web.picture(dummy=True)
    assert (there.value.host, there.value.address) == ("a", "http://a:8080")
    web.watched.now(reported(machine(), host="b"))
    with pytest.raises(ConsoleUnavailable, match="no operator serves"):
        await web.picture()


async def test_what_a_service_has_once(tmp_path: Path) -> None:
    """All desks watch by the same readers, and take turns at the same keyboards."""
    watched = Watched(tmp_path)
    one, other = watched.desk(), watched.desk(EVE)
    assert one.screens._frames is other.screens._frames and one.keys._keyboards is other.keys._keyboards


async def filmed(shown: Shown, actor: Actor, uid: str = "uid-web") -> tuple[bytes, str]:
    """The first picture of a film, and why it is dark."""
    watched = shown.screens(actor).film(ConsoleOf("default", "web", uid, ConsoleKind.WEBRTC, ConsoleMode.VIEW))
    shot = await watched.next()
    return bytes(shot.pixels), watched.trouble


async def test_a_film_shows_what_pictures_show(shown: Callable[..., Shown]) -> None:
    here = shown(machine())
    await here.painted()
    pixels, trouble = await filmed(here, EVE)
    assert pixels == RED * 640 * 4 and trouble == "" and len(here.opened) == 1, "one reader is for both"


@pytest.mark.parametrize(
    ("spec", "actor", "uid", "why"),
    [
        ({"display": {"private": True}}, EVE, "uid-web", "its screen is private"),
        ({}, SAM, "uid-web", "web"),
        ({}, BOB, "another", "it is another machine now"),
    ],
    ids=["private", "not seen", "another machine"],
)
async def test_a_film_is_dark_for_who_may_not_look(
    shown: Callable[..., Shown], monkeypatch: pytest.MonkeyPatch, spec: dict[str, Any], actor: Actor, uid: str, why: str
) -> None:
    monkeypatch.setattr(film, "AGAIN", 0.0)
    here = shown(machine(**spec))
    pixels, trouble = await filmed(here, actor, uid)
    assert not any(pixels) and why in trouble and here.opened == []
