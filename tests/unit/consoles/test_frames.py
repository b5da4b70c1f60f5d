"""Pictures of screens that somebody watches: one reader for all, as long as somebody looks, within bounds. The screen is a small
RFB server on a socket."""

from __future__ import annotations

import asyncio
import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from PIL import Image

from homeostat.consoles import frames
from homeostat.consoles.frames import FrameLimits, Frames, NoFrame, NoRoom
from homeostat.consoles.pictures import Picture, PictureSize
from tests.unit.consoles.rfb_screen import ASKS_ALL, ASKS_MORE, RED, RfbScreen, copied, raw, resized, update

FULL = PictureSize.FULL
BLUE = b"\xff\x00\x00\x00"
BELL = b"\x02"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "EVERY", 0.01)
    monkeypatch.setattr(frames, "SLOW", 0.2)


def wanted(found: Frames, screen: RfbScreen, name: str = "web") -> asyncio.Task[Picture]:
    return asyncio.create_task(found.picture(name, screen.open, FULL))


def colours(picture: Picture) -> set[tuple[int, ...]]:
    image = Image.open(io.BytesIO(picture.png))
    return {image.getpixel((x, y)) for x in range(image.width) for y in range(image.height)}  # type: ignore[misc]


async def painted(found: Frames, screen: RfbScreen, name: str = "web") -> Picture:
    """Looks for the first time."""
    looking = wanted(found, screen, name)
    await screen.greets()
    assert await screen.is_asked() == ASKS_ALL
    await screen.shows(raw(0, 0, *screen.size))
    return await looking


async def off() -> socket.socket | None:
    return None


@contextmanager
def refuses(said: str, kind: type[NoFrame] = NoFrame) -> Iterator[None]:
    with pytest.raises(kind) as failure:
        yield
    assert said in str(failure.value) and type(failure.value) is kind


async def test_one_reader_serves_all_who_look() -> None:
    found, screen = Frames(), RfbScreen()
    first = await painted(found, screen)
    assert colours(first) == {(255, 0, 0)} and first.changed is not None
    assert await wanted(found, screen) is first, "it is not made twice"
    assert await screen.is_asked() == ASKS_MORE
    await screen.shows(raw(0, 0, *screen.size, BLUE))
    assert await screen.is_asked() == ASKS_MORE
    second = await wanted(found, screen)
    assert colours(second) == {(0, 0, 255)} and second.etag != first.etag and second.changed is not None
    assert second.changed >= first.changed and len(found) == 1


async def test_what_is_painted_again_is_the_same_picture() -> None:
    found, screen = Frames(), RfbScreen()
    first = await painted(found, screen)
    await screen.is_asked()
    await screen.shows(raw(0, 0, *screen.size))
    await screen.is_asked()
    assert (await wanted(found, screen)).etag == first.etag


async def test_it_ends_after_the_last_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "PATIENCE", 0.1)
    found, screen = Frames(), RfbScreen()
    await painted(found, screen)
    await screen.is_left()
    assert len(found) == 0
    assert colours(await painted(found, RfbScreen())) == {(255, 0, 0)}, "and begins again"


async def test_a_look_lets_it_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "PATIENCE", 0.2)
    found, screen = Frames(), RfbScreen()
    await painted(found, screen)
    loop = asyncio.get_running_loop()
    until = loop.time() + 0.5
    while loop.time() < until:
        await wanted(found, screen)
        await screen.is_asked()
        await screen.shows(raw(0, 0, 1, 1))
    assert len(found) == 1


async def test_the_screen_gets_another_size() -> None:
    found, screen = Frames(), RfbScreen()
    await painted(found, screen)
    assert await screen.is_asked() == ASKS_MORE
    screen.size = (6, 3)
    await screen.shows(resized(6, 3))
    assert await screen.is_asked() == ASKS_ALL, "what was painted is gone"
    looking = wanted(found, screen)
    await screen.shows(raw(0, 0, 6, 3, BLUE))
    assert Image.open(io.BytesIO((await looking).png)).size == (6, 3)


async def test_somebody_looks_in_the_middle_of_another_size() -> None:
    found, screen = Frames(), RfbScreen()
    await painted(found, screen)
    await screen.is_asked()
    whole = update(resized(4, 2), raw(0, 0, 4, 2, BLUE))
    await screen.sends(whole[:30])
    for _ in range(10):
        await asyncio.sleep(0)  # it is read
    looking = wanted(found, screen)
    await asyncio.sleep(0)
    await screen.sends(whole[30:])
    assert colours(await looking) == {(0, 0, 255)}


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (b"\x09", "a message of type 9"),
        (update(raw(0, 0, 5, 1)), "beyond its edge"),
        (update(raw(0, 1, 1, 2)), "beyond its edge"),
        (update(copied(0, 0, 4, 2, 1, 0)), "beyond its edge"),
        (update(raw(0, 0, 1, 1)[:8] + b"\x00\x00\x00\x07"), "encoding 7"),
        (update(resized(65535, 65535)), "pixels"),
        (update(resized(0, 7)), "0 × 7 pixels"),
        (b"\x03\x00\x00\x00\x7f\xff\xff\xff", "bytes at once"),
        (b"\x00", "within"),
        (b"", "within"),
    ],
    ids=["type", "right", "bottom", "copy", "encoding", "huge", "empty", "text", "cut", "nothing"],
)
async def test_a_screen_that_sends_noise(says: bytes, why: str) -> None:
    found, screen = Frames(), RfbScreen()
    looking = wanted(found, screen)
    await screen.greets()
    await screen.sends(says)
    with refuses(why):
        await looking
    await screen.is_left()
    assert len(found) == 0


async def test_a_screen_that_gets_another_size_again_and_again() -> None:
    found, screen = Frames(), RfbScreen()
    looking = wanted(found, screen)
    await screen.greets()
    with refuses("showed nothing within"):
        with suppress(OSError):  # it is left in the middle
            while not looking.done():
                await screen.shows(resized(4, 2))
        await looking
    assert len(found) == 0


async def test_a_message_that_does_not_end() -> None:
    found, screen = Frames(), RfbScreen()
    await painted(found, screen)
    await screen.is_asked()
    await screen.sends(b"\x00")
    await screen.is_left()
    assert len(found) == 0


async def test_a_screen_that_paints_all_the_time_is_read_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "EVERY", 0.05)
    found, screen = Frames(), RfbScreen()
    await painted(found, screen)
    loop = asyncio.get_running_loop()
    began, looks = loop.time(), 4
    for _ in range(looks):
        await screen.is_asked()
        await screen.shows(raw(0, 0, 4, 2), raw(0, 0, 4, 2, BLUE))
    assert loop.time() - began >= looks * 0.05 * 0.9


async def test_so_is_one_that_says_something_else_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    found, screen = Frames(), RfbScreen()
    await painted(found, screen)
    await screen.is_asked()
    monkeypatch.setattr(frames, "EVERY", 10)
    await screen.sends(BELL * frames.QUIET + update(raw(0, 0, 4, 2, BLUE)))
    for _ in range(10):
        await asyncio.sleep(0)
    assert colours(await wanted(found, screen)) == {(255, 0, 0)}, "the rest is not read yet"


async def test_a_screen_that_ends_and_begins_again() -> None:
    found, screen = Frames(), RfbScreen()
    await painted(found, screen)
    screen.socket.close()
    with pytest.raises(NoFrame, match=r"has just ended|does not run"):
        while True:
            await asyncio.create_task(found.picture("web", off, FULL))
    assert colours(await painted(found, RfbScreen())) == {(255, 0, 0)}


async def test_a_machine_that_does_not_run() -> None:
    found = Frames()
    with refuses("does not run"):
        await found.picture("web", off, FULL)
    assert len(found) == 0


async def test_only_so_many_are_read() -> None:
    found = Frames(FrameLimits(readers=1))
    await painted(found, RfbScreen())
    with refuses("1 are the most", NoRoom):
        await found.picture("other", RfbScreen().open, FULL)


async def test_they_have_only_so_many_pixels_together() -> None:
    found, other = Frames(FrameLimits(pixels=15)), RfbScreen()
    await painted(found, RfbScreen())
    looking = wanted(found, other, "other")
    with suppress(EOFError):  # it is left in the middle
        await other.greets()
    with refuses("15 are the most", NoRoom):
        await looking
    assert len(found) == 1


async def test_so_they_have_with_another_size() -> None:
    found, screen = Frames(FrameLimits(pixels=15)), RfbScreen()
    looking = wanted(found, screen)
    await screen.greets()
    await screen.shows(resized(4, 4))
    with refuses("have 16 pixels", NoRoom):
        await looking


async def test_a_film_is_each_picture_as_soon_as_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "EVERY", 60.0)  # only who watches has the next one soon
    found, screen = Frames(), RfbScreen()
    first = asyncio.create_task(found.shot("web", screen.open, 0, 1.0))
    await screen.greets()
    assert await screen.is_asked() == ASKS_ALL
    await screen.shows(raw(0, 0, *screen.size))
    shot = await first
    assert (shot.width, shot.height, shot.pixels) == (4, 2, RED * 8) and shot.number > 0
    second = asyncio.create_task(found.shot("web", screen.open, shot.number, 1.0))
    assert await screen.is_asked() == ASKS_MORE
    await screen.shows(raw(0, 0, 1, 1, BLUE))
    now = await second
    assert now.number != shot.number and now.pixels == BLUE + RED * 7
    assert (await found.shot("web", screen.open, now.number, 0.01)) == now, "nothing changed"


async def test_a_film_ends_with_the_screen() -> None:
    found, screen = Frames(), RfbScreen()
    await painted(found, screen)
    shot = await found.shot("web", screen.open, 0, 1.0)
    waiting = asyncio.create_task(found.shot("web", screen.open, shot.number, 60.0))
    await asyncio.sleep(0)
    screen.socket.close()
    with refuses("it has just ended"):
        await waiting


async def test_who_gave_up_leaves_the_others() -> None:
    found, screen = Frames(), RfbScreen()
    impatient, patient = wanted(found, screen), wanted(found, screen)
    await screen.greets()
    impatient.cancel()
    await screen.shows(raw(0, 0, *screen.size, RED))
    assert colours(await patient) == {(255, 0, 0)}
