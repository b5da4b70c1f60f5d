"""Where others put a disk is noted beside it, and the note goes where the disk goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.driver.errors import Refused
from homeostat.driver.storage import Storage
from homeostat.planner.actions import DeleteDirectory, NoteMoved, SetAside, TakeBack
from homeostat.planner.domain import MovedDisk

MOVED = MovedDisk("data", "/backup/data.snap", "qcow2")
OTHER = MovedDisk("logs", "/backup/logs.snap", "raw")


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path, None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "machines" / "default" / "web"
    made.mkdir(parents=True)
    (made / "data.qcow2").write_bytes(b"precious")
    return made


async def noted(storage: Storage, folder: Path) -> tuple[MovedDisk, ...]:
    return (await storage.observe((), (), (), str(folder))).moved


async def test_it_is_noted_and_forgotten(storage: Storage, folder: Path) -> None:
    assert await noted(storage, folder) == ()
    await storage.execute(NoteMoved(str(folder), (MOVED, OTHER), "test"))
    assert await noted(storage, folder) == (MOVED, OTHER)
    await storage.execute(NoteMoved(str(folder), (), "test"))
    assert await noted(storage, folder) == ()
    assert not (folder / "moved.json").exists()


async def test_what_stays_of_the_disks_keeps_its_note(storage: Storage, folder: Path) -> None:
    await storage.execute(NoteMoved(str(folder), (MOVED, OTHER), "test"))
    await storage.execute(DeleteDirectory(str(folder), "test"))
    assert await noted(storage, folder) == (MOVED,)
    (folder / "data.qcow2").unlink()
    await storage.execute(DeleteDirectory(str(folder), "test"))
    assert not folder.exists()


async def test_it_goes_to_the_trash_and_comes_back_with_the_disk(storage: Storage, folder: Path) -> None:
    disk = str(folder / "data.qcow2")
    aside = SetAside("default.web-1", "default", "web", "uid", (("data", disk),), 60.0, True, "test", moved=(MOVED,))
    await storage.execute(NoteMoved(str(folder), (MOVED,), "test"))
    await storage.execute(aside)
    await storage.execute(DeleteDirectory(str(folder), "test"))
    assert not folder.exists()
    (entry,) = await storage.trashed(None)
    assert [(d.source, d.source_format) for d in entry.disks] == [(MOVED.source, MOVED.format)]
    await storage.execute(TakeBack(entry.entry, "data", disk, "test", MOVED))
    assert await noted(storage, folder) == (MOVED,)


async def test_so_it_does_when_it_is_restored_by_hand(storage: Storage, folder: Path) -> None:
    disk = str(folder / "data.qcow2")
    await storage.execute(SetAside("e", "default", "web", "uid", (("data", disk),), 60.0, True, "test", moved=(MOVED,)))
    (entry,) = await storage.trashed(None)
    storage.trash.restore(entry)
    assert await noted(storage, folder) == (MOVED,)


async def test_a_note_that_cannot_be_understood_is_not_taken_for_none(storage: Storage, folder: Path) -> None:
    (folder / "moved.json").write_text("[{")
    found = await storage.observe((), (), (), str(folder))
    assert found.moved == () and "moved.json does not say any more" in found.moved_problem
    with pytest.raises(Refused, match=r"moved\.json does not say any more"):
        await storage.execute(DeleteDirectory(str(folder), "test"))
    assert (folder / "moved.json").read_text() == "[{"
    (folder / "moved.json").write_text("[]")
    assert (await storage.observe((), (), (), str(folder))).moved_problem == ""
