"""Disks are made whole or not at all, never over another file, and never shrink."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from homeostat.driver.errors import Refused, ResourceInUse
from homeostat.driver.storage import Storage
from homeostat.planner.actions import CreateDisk, GrowDisk, ImageRef
from tests.unit.images import fetch

pytestmark = pytest.mark.skipif(shutil.which("qemu-img") is None, reason="qemu-img is not installed")
MIB = 2**20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "machines" / "default" / "web"


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path / "state", None)


@pytest.fixture
async def base(tmp_path: Path, storage: Storage) -> str:
    source = tmp_path / "base.qcow2"
    await asyncio.to_thread(subprocess.run, ["qemu-img", "create", "-q", "-f", "qcow2", source, "8M"], check=True)
    found = await fetch(storage, ImageRef(str(source)), tmp_path / "state")
    assert found.path, found.error
    assert (found.format, found.virtual_size) == ("qcow2", 8 * MIB)
    return found.path


async def test_a_blank_disk(storage: Storage, folder: Path) -> None:
    path = str(folder / "root.qcow2")
    await storage.execute(CreateDisk(path, 5 * MIB, None, None, "test"))
    found = await storage.observe([], [path], [], str(folder))
    assert found.disks[path].virtual_size == 5 * MIB
    assert found.disks[path].backing is None
    assert os.stat(path).st_mode & 0o777 == 0o600
    for step in (folder, folder.parent, folder.parent.parent, folder.parent.parent.parent):
        assert stat.S_IMODE(step.stat().st_mode) == 0o700


@pytest.mark.parametrize(("size", "seen"), [(None, 8 * MIB), (20 * MIB, 20 * MIB), (20 * MIB - 100, 20 * MIB)])
async def test_an_overlay(storage: Storage, folder: Path, base: str, size: int | None, seen: int) -> None:
    path = str(folder / "root.qcow2")
    for _ in range(2):
        await storage.execute(CreateDisk(path, size, base, "qcow2", "test"))
    found = await storage.observe([], [path], [], str(folder))
    assert (found.disks[path].virtual_size, found.disks[path].backing) == (seen, base)
    assert [p.name for p in folder.iterdir()] == ["root.qcow2"]


async def test_an_overlay_smaller_than_its_image_is_refused(storage: Storage, folder: Path, base: str) -> None:
    with pytest.raises(Refused, match="smaller than its image"):
        await storage.execute(CreateDisk(str(folder / "root.qcow2"), 4 * MIB, base, "qcow2", "test"))


async def test_another_file_in_the_way_is_kept(storage: Storage, folder: Path, base: str) -> None:
    path = folder / "root.qcow2"
    await storage.execute(CreateDisk(str(path), 8 * MIB, None, None, "test"))
    before = path.read_bytes()
    with pytest.raises(Refused, match="is kept"):
        await storage.execute(CreateDisk(str(path), 8 * MIB, base, "qcow2", "test"))
    path.write_bytes(b"my thesis")
    with pytest.raises(Refused, match="is kept"):
        await storage.execute(CreateDisk(str(path), 8 * MIB, None, None, "test"))
    assert path.read_bytes() == b"my thesis" != before


@pytest.mark.parametrize(
    "backing", ["/etc/passwd", "/proc/self/environ", "{state}/index.sqlite", "{state}/images/../index.sqlite"]
)
async def test_only_the_cache_backs_disks(storage: Storage, folder: Path, tmp_path: Path, backing: str) -> None:
    with pytest.raises(Refused, match="cannot back a disk"):
        await storage.execute(
            CreateDisk(str(folder / "root.qcow2"), MIB, backing.format(state=tmp_path / "state"), "raw", "test")
        )


async def test_it_grows_and_never_shrinks(storage: Storage, folder: Path) -> None:
    path = str(folder / "root.qcow2")
    await storage.execute(CreateDisk(path, 5 * MIB, None, None, "test"))
    for _ in range(2):
        await storage.execute(GrowDisk("uuid", path, 9 * MIB, None, "test"))
    found = await storage.observe([], [path], [], str(folder))
    assert found.disks[path].virtual_size == 9 * MIB
    with pytest.raises(Refused, match="cannot shrink"):
        await storage.execute(GrowDisk("uuid", path, 5 * MIB, None, "test"))


async def test_a_disk_in_use_is_not_resized(storage: Storage, folder: Path) -> None:
    path = str(folder / "root.qcow2")
    await storage.execute(CreateDisk(path, 5 * MIB, None, None, "test"))
    with subprocess.Popen(["qemu-io", "-f", "qcow2", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin and holder.stdout
        holder.stdin.write("length\n")
        holder.stdin.flush()
        assert "5 MiB" in holder.stdout.readline()  # it has the file open now
        with pytest.raises(ResourceInUse, match="another program has the file open"):
            await storage.execute(GrowDisk("uuid", path, 9 * MIB, None, "test"))
        holder.stdin.close()


async def test_leftovers_of_a_killed_creation_go(storage: Storage, folder: Path, base: str) -> None:
    folder.mkdir(parents=True)
    (folder / "root.qcow2.0badcafe.partial").write_bytes(b"half")
    await storage.observe([], [], [], str(folder))
    assert os.listdir(folder) == ["root.qcow2.0badcafe.partial"]  # looking changes nothing
    await storage.execute(CreateDisk(str(folder / "root.qcow2"), None, base, "qcow2", "test"))
    assert os.listdir(folder) == ["root.qcow2"]


async def test_nothing_is_spawned_to_look_at_what_is_there(
    storage: Storage, folder: Path, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by a restarted operator."""
    path = str(folder / "root.qcow2")
    await storage.execute(CreateDisk(path, None, base, "qcow2", "test"))
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    ref = ImageRef(str(tmp_path / "base.qcow2"))
    for each in (storage, Storage(tmp_path / "state", None)):
        found = await each.observe([ref], [path], [], str(folder))
        assert found.images[ref.key].virtual_size == 8 * MIB
        assert found.disks[path].backing == base


async def test_qemus_group_gets_through_and_nobody_else(tmp_path: Path, folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may give files to another group")
    gid = 64055
    storage = Storage(tmp_path / "state", gid)
    path = folder / "root.qcow2"
    await storage.execute(CreateDisk(str(path), MIB, None, None, "test"))
    for step in (folder, folder.parent, tmp_path / "state"):
        assert (step.stat().st_gid, stat.S_IMODE(step.stat().st_mode)) == (gid, 0o710)
    assert (path.stat().st_gid, stat.S_IMODE(path.stat().st_mode)) == (gid, 0o640)
