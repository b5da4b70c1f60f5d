"""An image that is gone from the cache, and that disks are built on, comes back as it was, or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from homeostat.driver.storage import Storage
from homeostat.driver.storage.images import failures, garbage
from homeostat.driver.storage.images.remembered import FOLDER
from homeostat.driver.storage.images.verified import notes_of
from homeostat.planner.actions import ImageRef
from homeostat.planner.observed import ImagePhase
from tests.unit.images import blob, fetch, observe, qcow2, until


class House:
    def __init__(self, tmp_path: Path) -> None:
        self.state, self.source = tmp_path / "state", tmp_path / "disk.img"
        self.ref = ImageRef(str(self.source))
        self.storage = Storage(self.state, None)
        self.image = self.state / "images" / self.ref.file_name

    async def fetched(self, content: bytes = blob()) -> Path:
        self.source.write_bytes(content)
        found = await fetch(self.storage, self.ref, self.state)
        assert found.phase is ImagePhase.READY, found.error
        assert found.path == str(self.image)
        return self.image

    def build(self, folder: str = "machines/default/one") -> Path:
        disk = self.state / folder / "root.qcow2"
        disk.parent.mkdir(parents=True)
        disk.write_bytes(qcow2(backing=str(self.image)))
        return disk


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def the_file(image: Path) -> None:
    image.unlink()


def the_file_and_its_note(image: Path) -> None:
    image.unlink()
    notes_of(image).unlink()


def the_cache(image: Path) -> None:
    shutil.rmtree(image.parent)


LOST = pytest.mark.parametrize("lost", [the_file, the_file_and_its_note, the_cache])


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "LOOK_EVERY", 0.02)


@LOST
@pytest.mark.parametrize("folder", ["machines/default/one", "trash/default.one-1"])
async def test_other_contents_are_refused(house: House, lost: Callable[[Path], None], folder: str) -> None:
    lost(await house.fetched())
    house.build(folder)
    house.storage = Storage(house.state, None)
    house.source.write_bytes(b"new!" + blob()[4:])
    found = await fetch(house.storage, house.ref, house.state)
    assert (found.phase, found.permanent, found.changed) == (ImagePhase.FAILED, True, True), found
    assert "has other contents now" in found.error and str(house.image) in found.error
    assert not house.image.exists()
    house.source.write_bytes(blob())
    again = await until(house.storage, house.ref, house.state, lambda one: one.phase is not ImagePhase.FAILED)
    if again.phase is not ImagePhase.READY:
        again = await fetch(house.storage, house.ref, house.state)
    assert again.phase is ImagePhase.READY and house.image.read_bytes() == blob()


@LOST
async def test_a_file_that_somebody_put_there_is_compared(house: House, lost: Callable[[Path], None]) -> None:
    lost(await house.fetched())
    house.build()
    house.image.parent.mkdir(exist_ok=True)
    house.image.write_bytes(b"new!" + blob()[4:])
    found = await observe(Storage(house.state, None), house.ref, house.state)
    assert found.phase is ImagePhase.FAILED and found.changed
    os.remove(house.image)
    house.image.write_bytes(blob())
    assert (await observe(Storage(house.state, None), house.ref, house.state)).phase is ImagePhase.READY


@LOST
async def test_where_no_disk_is_built_on_it_anything_may_come(house: House, lost: Callable[[Path], None]) -> None:
    lost(await house.fetched())
    new = b"new!" + blob()[4:]
    house.storage = Storage(house.state, None)
    await house.fetched(new)
    assert house.image.read_bytes() == new
    lost(house.image)  # from now on the disks are built on this
    house.build()
    house.source.write_bytes(blob())
    assert (await fetch(Storage(house.state, None), house.ref, house.state)).changed


async def test_what_earlier_versions_fetched_is_remembered_from_the_next_start_on(house: House) -> None:
    image = await house.fetched()
    record = house.state / FOLDER / image.name
    before = record.read_text()
    shutil.rmtree(record.parent)
    assert (await observe(Storage(house.state, None), house.ref, house.state)).phase is ImagePhase.READY
    assert record.read_text() == before


async def test_what_nobody_needs_is_forgotten(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "MIN_AGE", -1.0)  # what was made just now counts as old
    image = await house.fetched()
    disk, record = house.build(), house.state / FOLDER / image.name
    assert await house.storage.prune(lambda: ()) == [] and record.exists()
    disk.unlink()
    assert str(image) in await house.storage.prune(lambda: ()) and not record.exists()
