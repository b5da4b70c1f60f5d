"""Deleting takes what is ours inside the machine's folder, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from homeostat.driver.errors import Refused
from homeostat.driver.storage import Storage
from homeostat.planner.actions import CreateDisk, DeleteDirectory, DeleteFile, MarkCreated, WriteSeed
from tests.unit.images import blob, qcow2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "machines" / "default" / "web"


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path, None)


async def test_the_folder_goes_with_what_is_ours(storage: Storage, folder: Path, tmp_path: Path) -> None:
    await storage.execute(MarkCreated(str(folder), "test"))
    assert (await storage.observe([], [], [], str(folder))).created
    await storage.execute(WriteSeed(str(folder / "seed-0.iso"), (("user-data", ""),), "test"))
    (folder / "console.log").write_text("booted")
    (folder / "console.log.0").write_text("booted before")
    for _ in range(2):
        await storage.execute(DeleteDirectory(str(folder), "test"))
    assert not folder.exists()
    assert not (await storage.observe([], [], [], str(folder))).created
    assert (tmp_path / "machines").is_dir()


@pytest.mark.parametrize("name", ["root.qcow2", "thesis.txt"])
async def test_a_folder_that_holds_more_is_kept(storage: Storage, folder: Path, name: str) -> None:
    await storage.execute(MarkCreated(str(folder), "test"))
    (folder / name).write_bytes(b"precious")
    await storage.execute(DeleteDirectory(str(folder), "test"))
    assert os.listdir(folder) == [name]


@pytest.mark.parametrize(
    "path",
    [
        "/etc/hostname",
        "{root}/index.sqlite",
        "{root}/images/base.img",
        "{root}/machines/default/web/../../../index.sqlite",
        "{root}/machines/default/link/index.sqlite",
        "{root}/machines/default/web",
        "{root}/machines/default",
        "machines/default/web/root.qcow2",
        "{root}/machines/../index.sqlite",
    ],
)
async def test_no_file_outside_is_deleted_or_written(storage: Storage, folder: Path, tmp_path: Path, path: str) -> None:
    folder.mkdir(parents=True)
    (folder.parent / "link").symlink_to(tmp_path)
    (tmp_path / "images").mkdir()
    for name in ("index.sqlite", "images/base.img"):
        (tmp_path / name).write_bytes(b"precious")
    path = path.format(root=tmp_path)
    for action in (
        DeleteFile(path, "test"),
        WriteSeed(path, (("user-data", ""),), "test"),
        CreateDisk(path, 2**20, None, None, "test"),
        DeleteDirectory(path if path != str(folder) else str(folder.parent), "test"),
    ):
        with pytest.raises(Refused):
            await storage.execute(action)
    assert (tmp_path / "index.sqlite").read_bytes() == (tmp_path / "images/base.img").read_bytes() == b"precious"
    assert folder.is_dir()


async def test_a_symlink_goes_and_its_target_stays(storage: Storage, folder: Path, tmp_path: Path) -> None:
    folder.mkdir(parents=True)
    (tmp_path / "precious").write_text("precious")
    (folder / "root.qcow2").symlink_to(tmp_path / "precious")
    await storage.execute(DeleteFile(str(folder / "root.qcow2"), "test"))
    assert (tmp_path / "precious").exists() and not (folder / "root.qcow2").is_symlink()


async def test_prune_keeps_what_is_named_young_or_under_a_disk(storage: Storage, folder: Path, tmp_path: Path) -> None:
    from homeostat.driver.storage.images.garbage import MIN_AGE, unreferenced
    from homeostat.driver.storage.paths import Rooms

    images = tmp_path / "images"
    images.mkdir()
    folder.mkdir(parents=True)
    for name in ("named", "backing", "stale"):
        (images / f"{name}.img").write_bytes(blob())
        (images / f"{name}.img.json").write_text("{}")
    (folder / "retained.qcow2").write_bytes(qcow2(backing=str(images / "backing.img")))
    later = (images / "stale.img.json").stat().st_ctime + MIN_AGE + 1
    found = unreferenced(Rooms(tmp_path, None), [images / "named.img"], now=later)
    assert sorted(p.name for p in found) == ["stale.img", "stale.img.json"]
    assert await storage.prune(set) == []  # all are young
