"""Every folder that the last pass entered is watched: those that came, moved, or took the place of others, too. At rest nothing
wakes the process but the event itself."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from asyncinotify import Mask

from homeostat.store.files import watch
from homeostat.store.files.inotify import CONTENT, FolderEvents
from tests.unit.store.test_store_watch import until
from tests.unit.store_fixtures import Room, document
from tests.unit.store_fixtures import key as machine

NEVER = 1000.0


@pytest.fixture
def events_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is found but by an event."""
    monkeypatch.setattr(watch, "POLL_SECONDS", NEVER)
    monkeypatch.setattr(watch, "RESCAN", NEVER)


@pytest.mark.usefixtures("events_only")
async def test_folders_that_come_move_and_are_replaced(room: Room, tmp_path: Path) -> None:
    room.write("a.yaml", document("one"))
    async with aclosing(room.store.changes()) as changes:  # type: ignore[type-var]
        await until(changes, machine("one"))
        room.write("deep/er/b.yaml", document("two"))
        await until(changes, machine("two"))
        room.write("deep/er/b.yaml", document("two", "runStrategy: Halted"))
        await until(changes, machine("two"))
        outside = tmp_path / "made-elsewhere" / "below"
        outside.mkdir(parents=True)
        (outside / "c.yaml").write_text(document("three"))
        os.rename(outside.parent, room.folder / "in")
        await until(changes, machine("three"))
        room.write("in/below/c.yaml", document("three", "runStrategy: Halted"))
        await until(changes, machine("three"))
        os.rename(room.folder / "in", tmp_path / "out-again")  # another folder takes its place, and is watched
        room.write("in/below/c.yaml", document("three", "resources: {vcpu: 2}"))
        await until(changes, machine("three"))
        room.write("in/below/c.yaml", document("three", "resources: {vcpu: 3}"))
        await until(changes, machine("three"))


@pytest.mark.usefixtures("events_only")
async def test_a_folder_that_a_link_leads_to(room: Room, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "a.yaml").write_text(document("one"))
    (room.folder / "link").symlink_to(target)
    async with aclosing(room.store.changes()) as changes:  # type: ignore[type-var]
        await until(changes, machine("one"))
        (target / "a.yaml").write_text(document("one", "runStrategy: Halted"))
        await until(changes, machine("one"))


@asynccontextmanager
async def watched() -> AsyncIterator[tuple[FolderEvents, asyncio.Queue[tuple[str, Mask]]]]:
    found: asyncio.Queue[tuple[str, Mask]] = asyncio.Queue()
    events = FolderEvents(lambda name, happened: found.put_nowait((name, happened)))
    try:
        yield events, found
    finally:
        events.close()


async def test_names_and_what_happened_to_them(tmp_path: Path) -> None:
    async with watched() as (events, found):
        assert events.watch(str(tmp_path), ["", "not-there"])
        assert not events.watch(str(tmp_path), [])
        (tmp_path / "a").write_text("x")
        assert await found.get() == ("a", Mask.CREATE)
        assert (await found.get())[1] & CONTENT
        os.rename(tmp_path / "a", tmp_path / "b")
        while (happened := await found.get()) != ("a", Mask.MOVED_FROM):
            assert happened[0] == "a" and happened[1] & CONTENT
        assert await found.get() == ("b", Mask.MOVED_TO)
        os.mkdir(os.fsencode(tmp_path) + b"/caf\xe9")
        assert await found.get() == ("caf\udce9", Mask.CREATE)


async def test_only_the_folders_that_are_named_and_no_more_than_once(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    async with watched() as (events, found):
        assert events.watch(str(tmp_path), ["one"])
        assert events.watch(str(tmp_path), ["two"])
        (tmp_path / "one" / "a").touch()
        (tmp_path / "two" / "b").touch()
        assert (await found.get())[0] == "b"


async def test_without_the_folder_nothing_is_watched(tmp_path: Path) -> None:
    async with watched() as (events, _):
        with pytest.raises(FileNotFoundError):
            events.watch(str(tmp_path / "gone"), [])


async def test_the_end_of_the_folder_itself_is_an_event(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    async with watched() as (events, found):
        events.watch(str(folder), [])
        shutil.rmtree(folder)
        while await found.get() != ("", Mask.DELETE_SELF):
            pass


@pytest.mark.parametrize(
    ("name", "happened", "matters"),
    [
        ("a.yaml", Mask.MODIFY, True),
        ("a.json", Mask.ATTRIB, True),
        ("a.txt", Mask.MODIFY, False),
        ("a.txt", Mask.CREATE, True),  # it may be a folder or a link
        ("a.yaml~", Mask.CREATE, False),
        (".a.yaml.swp", Mask.CREATE, False),
        ("..data", Mask.MOVED_TO, True),  # how Kubernetes swaps a ConfigMap
        ("", Mask.Q_OVERFLOW, True),
        ("", Mask.DELETE_SELF, True),
    ],
)
def test_what_matters(name: str, happened: Mask, matters: bool) -> None:
    assert watch._interesting(name, happened) is matters
