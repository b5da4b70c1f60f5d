"""The files of Disks: made and copied whole in each format, read as their labels say, and refused where QEMU cannot write."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from homeostat.driver.errors import DriverError, Refused
from homeostat.driver.storage import Storage
from homeostat.planner.actions import CopyDisk, CreateDisk, GrowDisk, LabelDisk, RemoveDisk, SetAside, TakeBack
from homeostat.planner.disk.observed import NamedDisk
from homeostat.planner.files.disk_file import DiskLabel
from tests.unit.operating import until

pytestmark = pytest.mark.skipif(shutil.which("qemu-img") is None, reason="qemu-img is not installed")
MIB = 2**20
LABEL = DiskLabel("default", "data", "uid", "qcow2", "blank", made=True)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def storage(state: Path) -> Storage:
    return Storage(state, None)


def path_of(state: Path, name: str = "data") -> str:
    return f"{state}/disks/default/{name}/disk.img"


async def look(storage: Storage, path: str) -> NamedDisk:
    return (await storage.named_disk(os.path.dirname(path)))[0]


async def make(storage: Storage, path: str, format: str = "qcow2", size: int = MIB) -> None:
    label = replace(LABEL, format=format, name=path.split("/")[-2])
    await storage.execute(LabelDisk(path, label, "test"))
    await storage.execute(CreateDisk(path, size, None, None, "test", label=label))


async def qemu_img(*words: str) -> str:
    return (await asyncio.to_thread(subprocess.run, ["qemu-img", *words], check=True, capture_output=True, text=True)).stdout


@pytest.mark.parametrize("format", ["qcow2", "raw", "vmdk"])
async def test_each_format_is_made_and_read(storage: Storage, state: Path, format: str) -> None:
    path = path_of(state)
    await make(storage, path, format, 3 * MIB)
    found = await look(storage, path)
    assert found.file is not None and (found.file.virtual_size, found.file.format, found.problem) == (3 * MIB, format, "")
    assert f"file format: {format}" in await qemu_img("info", path)
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert sorted(os.listdir(os.path.dirname(path))) == ["disk.img", "disk.json"]


@pytest.mark.parametrize("format", ["qcow2", "raw"])
async def test_it_grows_and_keeps_what_is_in_it(storage: Storage, state: Path, format: str) -> None:
    path = path_of(state)
    await make(storage, path, format)
    subprocess.run(["qemu-io", "-f", format, "-c", "write -P 7 0 64k", path], check=True, capture_output=True)
    await storage.execute(GrowDisk("u", path, 2 * MIB, None, "test", format))
    found = await look(storage, path)
    assert found.file is not None and found.file.virtual_size == 2 * MIB
    subprocess.run(["qemu-io", "-f", format, "-c", "read -P 7 0 64k", path], check=True, capture_output=True)
    with pytest.raises(Refused, match="cannot shrink"):
        await storage.execute(GrowDisk("u", path, MIB, None, "test", format))


@pytest.mark.parametrize("format", ["qcow2", "raw", "vmdk"])
async def test_a_copy_is_whole_and_independent(storage: Storage, state: Path, format: str) -> None:
    source, path = path_of(state, "source"), path_of(state)
    await make(storage, source)
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write -P 7 64k 64k", source], check=True, capture_output=True)
    label = replace(LABEL, format=format)
    await storage.execute(LabelDisk(path, label, "test"))
    ended: list[str] = []
    storage.subscribe(lambda key, fetching: ended.append(key))
    await storage.execute(CopyDisk(path, 2 * MIB, source, "qcow2", label, "test"))
    await until(lambda: path in ended)
    found = await look(storage, path)
    assert found.file is not None and found.file.virtual_size == 2 * MIB and found.problem == ""
    os.unlink(source)
    subprocess.run(["qemu-io", "-f", format, "-c", "read -P 7 64k 64k", path], check=True, capture_output=True)
    await storage.close()


async def test_a_copy_of_what_somebody_writes_to_fails_and_leaves_nothing(storage: Storage, state: Path) -> None:
    source, path = path_of(state, "source"), path_of(state)
    await make(storage, source)
    script = ["qemu-io", "-f", "qcow2", source]
    writer = await asyncio.create_subprocess_exec(*script, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    assert writer.stdin is not None and writer.stdout is not None
    writer.stdin.write(b"write 0 512\n")
    await writer.stdout.readline()
    ended: list[str] = []
    storage.subscribe(lambda key, fetching: ended.append(key))
    await storage.execute(CopyDisk(path, MIB, source, "qcow2", LABEL, "test"))
    await until(lambda: path in ended)
    _, copy = await storage.named_disk(os.path.dirname(path))
    assert copy is not None and "another program has the file open" in copy.error
    assert not [name for name in os.listdir(os.path.dirname(path)) if name.startswith("disk.img")]
    writer.stdin.close()
    await writer.wait()
    await storage.close()


async def test_a_vmdk_made_for_streaming_is_refused(storage: Storage, state: Path, tmp_path: Path) -> None:
    path = path_of(state)
    await make(storage, path, "vmdk")
    os.unlink(path)
    await qemu_img("create", "-q", "-f", "qcow2", f"{tmp_path}/x", "1M")
    await qemu_img("convert", "-O", "vmdk", "-o", "subformat=streamOptimized", f"{tmp_path}/x", path)
    found = await look(storage, path)
    assert "made for streaming (streamOptimized), which QEMU cannot write to" in found.problem


@pytest.mark.parametrize(
    ("format", "content", "said"),
    [("qcow2", b"\0" * 4096, "is no qcow2 file any more"), ("vmdk", b"# Disk DescriptorFile\n" * 40, "is no vmdk of one sparse")],
)
async def test_a_file_that_is_not_what_its_label_says_is_refused(
    storage: Storage, state: Path, format: str, content: bytes, said: str
) -> None:
    path = path_of(state)
    await make(storage, path, format)
    Path(path).write_bytes(content)
    assert said in (await look(storage, path)).problem


async def test_a_raw_disk_is_raw_whatever_a_guest_writes_into_it(storage: Storage, state: Path, tmp_path: Path) -> None:
    path = path_of(state)
    await make(storage, path, "raw")
    await qemu_img("create", "-q", "-f", "qcow2", "-u", "-b", "/etc/shadow", "-F", "raw", f"{tmp_path}/x", "1G")
    header = Path(f"{tmp_path}/x").read_bytes()
    with open(path, "r+b") as file:
        file.write(header[:4096])
    found = await storage.observe([], [path], [], os.path.dirname(path))
    assert (found.disks[path].virtual_size, found.disks[path].backing, found.disks[path].format) == (MIB, None, "raw")


@pytest.mark.parametrize("label", ["", "{", "[]", '{"namespace": "default"}'])
async def test_without_a_readable_label_nobody_knows_what_it_is(storage: Storage, state: Path, label: str) -> None:
    path = path_of(state)
    await make(storage, path)
    note = Path(path).with_name("disk.json")
    note.write_text(label) if label else note.unlink()
    found = await look(storage, path)
    assert found.file is not None and "disk.json" in found.problem


async def test_nothing_outside_the_room_is_touched(storage: Storage, state: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    precious = outside / "disk.img"
    precious.write_text("x")
    (state / "disks" / "default").mkdir(parents=True)
    (state / "disks" / "default" / "data").symlink_to(outside)
    for path in (path_of(state), f"{state}/disks/default/../../../outside/disk.img", f"{state}/machines/default/web/root.qcow2"):
        for action in (RemoveDisk(path, ""), LabelDisk(path, LABEL, ""), CreateDisk(path, MIB, None, None, "", label=LABEL)):
            with pytest.raises(Refused):
                await storage.execute(action)
    assert [entry.name for entry in outside.iterdir()] == ["disk.img"] and precious.read_text() == "x"


async def test_a_link_in_its_place_is_no_disk(storage: Storage, state: Path, tmp_path: Path) -> None:
    path = path_of(state)
    await make(storage, path)
    os.rename(path, tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", path)
    assert "is a link" in (await look(storage, path)).problem
    with pytest.raises(Refused):
        await storage.execute(RemoveDisk(path, ""))
    assert (tmp_path / "elsewhere").exists()


async def test_what_was_set_aside_comes_back_with_its_label(storage: Storage, state: Path) -> None:
    path = path_of(state)
    await make(storage, path, "raw")
    Path(path).write_bytes(b"\7" * MIB)
    label = replace(LABEL, format="raw")
    aside = SetAside("e", "default", "data", "uid", (("data", path),), 60.0, True, "test", label=label)
    await storage.execute(aside)
    await storage.execute(RemoveDisk(path, "test"))
    (entry,) = await storage.trashed(os.path.dirname(path))
    assert (entry.kind, entry.label, entry.disks[0].virtual_size) == ("Disk", label, MIB)
    assert await storage.trashed(f"{state}/machines/default/data") == ()
    assert not os.path.exists(os.path.dirname(path))
    await storage.execute(TakeBack("e", "data", path, "test", None, label))
    found = await look(storage, path)
    assert found.label == label and Path(path).read_bytes() == b"\7" * MIB
    assert await storage.trashed(None) == []


async def test_what_others_put_there_stays(storage: Storage, state: Path) -> None:
    path = path_of(state)
    await make(storage, path)
    Path(path).with_name("disk.snap1").write_text("newer")
    await storage.execute(RemoveDisk(path, "test"))
    assert os.listdir(os.path.dirname(path)) == ["disk.snap1"]


async def test_an_image_below_a_disk_is_kept_in_the_cache(storage: Storage, state: Path) -> None:
    image = state / "images" / "x.img"
    image.parent.mkdir(parents=True)
    await qemu_img("create", "-q", "-f", "qcow2", str(image), "1M")
    os.utime(image, (1, 1))
    path = path_of(state)
    await storage.execute(LabelDisk(path, LABEL, "test"))
    await storage.execute(CreateDisk(path, None, str(image), "qcow2", "test", label=LABEL))
    try:
        removed = await storage.prune(frozenset)
    except DriverError as error:
        raise AssertionError(str(error)) from error
    assert removed == [] and image.exists()
