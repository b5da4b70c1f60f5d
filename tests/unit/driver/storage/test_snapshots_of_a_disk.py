"""The snapshots of a qcow2 file are read from its table, and changed by qemu-img, on our own files only."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from homeostat.driver.errors import DriverError, HeaderAltered, NoSpace, Refused
from homeostat.driver.storage.disks import snapshots
from homeostat.driver.storage.disks.disks import read_disk
from homeostat.driver.storage.disks.snapshots import SnapshotFiles, read_restored
from homeostat.driver.storage.disks.tags import read_tags
from homeostat.driver.storage.paths import Rooms
from homeostat.planner.files.snapshot_note import SnapshotNote

NOTE = SnapshotNote("s-1", "m-1", "web", False, (("data", "/d"),))


def disk(root: Path, name: str = "data", *options: str) -> str:
    path = root / "machines/default/web" / f"{name}.qcow2"
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *options, path, "16M"], check=True)
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> SnapshotFiles:
    return SnapshotFiles(Rooms(tmp_path, None))


def names(path: str) -> list[str]:
    return [found.tag for found in read_tags(path) or ()]


async def test_tags_come_go_and_are_applied(files: SnapshotFiles, tmp_path: Path) -> None:
    path = disk(tmp_path)
    assert names(path) == []
    for tag in ("homeostat-a", "b" * 200, "homeostat-ü"):
        await files.tag(path, tag)
    assert names(path) == ["homeostat-a", "b" * 200, "homeostat-ü"]
    assert all(found.taken > 1.7e9 and found.memory == 0 for found in read_tags(path) or ())
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write -P 7 0 64k", path], check=True, stdout=subprocess.DEVNULL)
    for _ in range(2):  # repeated, it does no harm
        await files.apply(path, "homeostat-a")
    read = subprocess.run(["qemu-io", "-f", "qcow2", "-c", "read -P 0 0 64k", path], check=True, capture_output=True, text=True)
    assert "verification failed" not in read.stdout
    await files.untag(path, "homeostat-a")
    await files.untag(path, "homeostat-a")
    assert names(path) == ["b" * 200, "homeostat-ü"]
    with pytest.raises(Refused, match="any more"):
        await files.apply(path, "homeostat-a")


def test_room_for_what_a_disk_will_hold(files: SnapshotFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "free_bytes", {tmp_path: 2**20}.__getitem__)
    files.check_room(str(tmp_path / "data.qcow2"), 2**20, "the memory of machine web")
    with pytest.raises(
        NoSpace, match=rf"^no space is left in {tmp_path} for the memory of machine web: it takes up to \S+ MiB, and"
    ):
        files.check_room(str(tmp_path / "data.qcow2"), 2**20 + 2**16, "the memory of machine web")
    files.check_room("/nosuch/data.qcow2", 2**20, "what another host has")


async def test_a_name_that_is_there_twice_goes_wholly(files: SnapshotFiles, tmp_path: Path) -> None:
    path = disk(tmp_path)
    for _ in range(2):
        subprocess.run(["qemu-img", "snapshot", "-c", "twice", path], check=True)
    await files.untag(path, "twice")
    assert names(path) == []


async def test_those_of_others_are_seen_in_a_disk(files: SnapshotFiles, tmp_path: Path) -> None:
    path = disk(tmp_path)
    assert read_disk(path).others == ()
    for tag in ("by-hand", "homeostat-a"):
        await files.tag(path, tag)
    assert read_disk(path).others == ("by-hand",)


def test_what_is_no_qcow2_has_none_and_what_is_not_there_has_no_entry(files: SnapshotFiles, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.write_bytes(b"\0" * 4096)
    path = disk(tmp_path)
    assert files.tags([str(raw), str(tmp_path / "none"), path]) == {path: ()}


def test_a_table_that_lies_is_read_to_its_end(tmp_path: Path) -> None:
    path = Path(disk(tmp_path))
    whole = bytearray(path.read_bytes())
    whole[60:64] = (2**32 - 1).to_bytes(4, "big")
    whole[64:72] = (len(whole) - 50).to_bytes(8, "big")
    path.write_bytes(whole)
    assert len(read_tags(str(path)) or ()) <= 1


def test_tokens_are_remembered_the_last_one_last(files: SnapshotFiles, tmp_path: Path) -> None:
    folder = tmp_path / "machines/default/web"
    for number, token in enumerate(("a", "two\nlines", "a", "c")):
        files.note_restored(str(folder), token)
        assert read_restored(str(folder / "restored"))[-1] == token
        assert len(read_restored(str(folder / "restored"))) >= min(number + 1, 3)
    assert read_restored(str(folder / "restored")) == ("a", "two\nlines", "c")
    (folder / "restored-before").write_text('"a"\nbroken\n"b"\n')
    assert read_restored(str(folder / "restored")) == ("a", "b", "c")
    (folder / "restored-before").unlink()  # as an earlier version left it
    assert read_restored(str(folder / "restored")) == ("c",)


async def test_nothing_outside_and_nothing_behind_a_link_is_changed(files: SnapshotFiles, tmp_path: Path) -> None:
    other = Rooms(tmp_path / "other", None)
    path = disk(tmp_path)
    with pytest.raises(Refused, match="left alone"):
        await SnapshotFiles(other).tag(path, "t")
    link = Path(path).with_name("link.qcow2")
    link.symlink_to(path)
    with pytest.raises(Refused, match="left alone"):
        await files.tag(str(link), "t")
    assert names(path) == []


async def test_a_header_that_names_a_file_of_the_host_is_not_opened(files: SnapshotFiles, tmp_path: Path) -> None:
    path = disk(tmp_path, "data", "-u", "-b", "/etc/shadow", "-F", "raw")
    with pytest.raises(HeaderAltered):
        await files.tag(path, "t")


def test_notes_are_written_read_and_forgotten(files: SnapshotFiles, tmp_path: Path) -> None:
    assert files.note("s-1") is None
    files.write_note(NOTE)
    files.write_note(replace(NOTE, complete=True, size=3))
    assert files.note("s-1") == replace(NOTE, complete=True, size=3)
    files.nvram("s-1").write_bytes(b"x")
    for _ in range(2):
        files.forget("s-1")
    assert files.note("s-1") is None and list((tmp_path / "snapshots").iterdir()) == []
    (tmp_path / "snapshots/s-1.json").write_text("{")
    with pytest.raises(Refused, match="restore it from a backup"):
        files.note("s-1")
    for uid in ("", "../x", ".hidden"):
        with pytest.raises(DriverError):
            files.note(uid)


async def test_a_copy_of_one_is_as_large_as_its_disk_is_now(files: SnapshotFiles, tmp_path: Path) -> None:
    """As QEMU has it: a smaller file is refused."""
    path, copy = disk(tmp_path), str(tmp_path / "copy.qcow2")
    await files.tag(path, "homeostat-a")
    subprocess.run(["qemu-img", "resize", "-q", path, "32M"], check=True)
    (found,) = read_tags(path) or ()
    assert (found.virtual_size, found.copied_size) == (16 * 2**20, 32 * 2**20)
    for size, fails in ((found.virtual_size, True), (found.copied_size, False)):
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", copy, str(size)], check=True)
        convert = ["qemu-img", "convert", "-n", "-l", "snapshot.name=homeostat-a", "-O", "qcow2", path, copy]
        assert bool(subprocess.run(convert, check=False).returncode) is fails
