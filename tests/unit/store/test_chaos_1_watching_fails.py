"""Chaos 1: a file whose name is not UTF-8, or no inotify watches, or a defect: the folder is followed on."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import aclosing

import pytest
from asyncinotify import Mask

from homeostat.models.base import Key
from homeostat.store.files import watch
from homeostat.store.files.inotify import FolderEvents
from homeostat.store.files.reading.files import Edit
from tests.unit.store.test_store_watch import until
from tests.unit.store_fixtures import Room, document
from tests.unit.store_fixtures import key as machine


async def mended(room: Room) -> None:
    async with asyncio.timeout(20):
        while room.store.supervisor.failing:  # noqa: ASYNC110 - it sets no event
            await asyncio.sleep(0.01)


async def test_chaos_1_a_name_that_is_not_utf_8(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    room.write("a.yaml", document("one"))
    async with aclosing(room.store.changes()) as changes:  # type: ignore[type-var]
        await until(changes, machine("one"))
        bad = os.fsencode(room.folder) + b"/caf\xe9.txt"
        with open(bad, "w"):
            pass
        room.write("a.yaml", document("one", "runStrategy: Halted"))
        await until(changes, machine("one"))
        os.unlink(bad)
        room.write("b.yaml", document("two"))
        await until(changes, machine("two"))
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == []


async def test_chaos_1_no_inotify_watches_are_left(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    real, free = watch.FolderEvents, False

    def used_up(noticed: Callable[[str, Mask], None]) -> FolderEvents:
        if not free:
            raise OSError(28, "No space left on device")
        return real(noticed)

    monkeypatch.setattr(watch, "FolderEvents", used_up)
    monkeypatch.setattr(watch, "INTERVAL", 0.05)
    room.store.supervisor._steady = 1000.0
    monkeypatch.setattr(watch, "STEADY", 0.1)
    room.write("a.yaml", document("one"))
    async with aclosing(room.store.changes()) as changes:  # type: ignore[type-var]
        await until(changes, machine("one"))
        room.write("a.yaml", document("one", "runStrategy: Halted"))
        await until(changes, machine("one"))
        (failing,) = room.store.supervisor.failing
        assert failing.task == watch.WATCHING and "fs.inotify.max_user_watches" in failing.error
        free = True  # and watched again, once there are some
        following = asyncio.create_task(until(changes, machine("two")))
        await mended(room)
        room.write("b.yaml", document("two"))
        await following


async def test_chaos_1_a_pass_that_dies_is_told_and_tried_again(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a number that overflows, or a name that SQLite does not take."""
    real, broken = room.store.intake.run, True

    def dies(edited: Mapping[Key, Edit], settle: float) -> object:
        if broken:
            raise ExceptionGroup("several", [OverflowError("too large a number")])
        return real(edited, settle)

    monkeypatch.setattr(room.store.intake, "run", dies)
    room.write("a.yaml", document("one"))
    async with aclosing(room.store.changes()) as changes:  # type: ignore[type-var]
        following = asyncio.create_task(until(changes, machine("two")))
        async with asyncio.timeout(10):
            while not room.store.supervisor.failing:  # noqa: ASYNC110 - it sets no event
                await asyncio.sleep(0.01)
        assert "OverflowError: too large a number" in room.store.supervisor.failing[0].error
        broken = False
        room.write("b.yaml", document("two"))
        await following
        await mended(room)
