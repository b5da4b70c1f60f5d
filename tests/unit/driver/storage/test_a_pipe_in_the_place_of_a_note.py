"""A pipe in the place of what we have noted down holds nobody up: it cannot be read, which is not the same as nothing noted."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from homeostat.driver.errors import DriverError
from homeostat.driver.storage.disks.kept import NOTE, find_kept
from homeostat.driver.storage.disks.moved import moved_of
from homeostat.driver.storage.disks.snapshots import RESTORED, SnapshotFiles, read_restored
from homeostat.driver.storage.folders import CREATED, DELETION, find_folders
from homeostat.driver.storage.images.named import NAMED, read_image_note, write_image_note
from homeostat.driver.storage.images.remembered import built_on
from homeostat.driver.storage.paths import Rooms
from homeostat.driver.storage.storage import Storage
from homeostat.planner.machine.storage.disk_source import MOVED_NOTE

WITHIN = 20.0  # seconds; it takes none
MACHINE = "machines/default/web-1"


def refused(reader: Callable[[], object]) -> str:
    """Returns with which error somebody ends who reads a pipe."""
    said = list[str]()

    def read() -> None:
        try:
            said.append(f"it has read {reader()}")
        except (DriverError, OSError) as error:
            said.append(str(error))

    reading = Thread(target=read, daemon=True)
    reading.start()
    reading.join(WITHIN)
    assert said, "it waits for somebody to write to the pipe"
    return said[0]


def image_note(rooms: Rooms) -> str:
    write_image_note(rooms, "u", "key")
    (note,) = (rooms.images / NAMED).iterdir()
    note.unlink()
    os.mkfifo(note)
    return read_image_note(rooms, "u")


@pytest.mark.parametrize(
    "name, reader",
    [
        (f"{MACHINE}/{MOVED_NOTE}", lambda rooms: moved_of(rooms.root / MACHINE)),
        (f"{MACHINE}/{RESTORED}", lambda rooms: read_restored(str(rooms.root / MACHINE / RESTORED))),
        (f"{MACHINE}/{NOTE}", lambda rooms: find_kept(rooms, "default", "web", "u")),
        (f"{MACHINE}/{NOTE}", find_folders),
        (f"{MACHINE}/{DELETION}", find_folders),
        ("snapshots/u.json", lambda rooms: SnapshotFiles(rooms).note("u")),
        ("image-contents/one", lambda rooms: built_on(rooms, rooms.images / "one")),
    ],
)
def test_a_note(tmp_path: Path, name: str, reader: Callable[[Rooms], object]) -> None:
    (tmp_path / name).parent.mkdir(parents=True)
    os.mkfifo(tmp_path / name)
    assert "a pipe or a device is in the place of this file" in refused(lambda: reader(Rooms(tmp_path, None)))


def test_the_note_of_an_image(tmp_path: Path) -> None:
    assert "a pipe or a device" in refused(lambda: image_note(Rooms(tmp_path, None)))


@pytest.mark.parametrize("name", [CREATED, MOVED_NOTE, RESTORED])
def test_a_machine_is_looked_at(tmp_path: Path, name: str) -> None:
    (tmp_path / MACHINE).mkdir(parents=True)
    os.mkfifo(tmp_path / MACHINE / name)
    observed = Storage(tmp_path, None).observe([], [], [], str(tmp_path / MACHINE))
    assert "a pipe or a device" in refused(lambda: asyncio.run(observed))
