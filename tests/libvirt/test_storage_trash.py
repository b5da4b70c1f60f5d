"""The trash on disk: set aside, found again by any process, put back or erased, and never over another file."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from homeostat.driver.errors import DriverError, Refused
from homeostat.driver.storage import Storage
from homeostat.driver.storage.images.garbage import unreferenced
from homeostat.driver.storage.paths import Rooms
from homeostat.driver.storage.trash import TrashFolder
from homeostat.planner.actions import SetAside, TakeBack
from homeostat.planner.files.trash import Space
from tests.libvirt.test_storage_killed import die
from tests.unit.images import qcow2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "machines" / "default" / "web"
    folder.mkdir(parents=True)
    for name in ("root", "data"):
        (folder / f"{name}.qcow2").write_bytes(qcow2(backing=f"/state/images/{name}.img"))
    return folder


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path, None)


def aside(folder: Path, *names: str, keep: float = 3600.0) -> SetAside:
    disks = tuple((name, str(folder / f"{name}.qcow2")) for name in names or ("root", "data"))
    return SetAside("default.web-1", "default", "web", "uid", disks, keep, True, "deleted", ("52:00",))


def back(folder: Path, name: str, entry: str = "default.web-1") -> TakeBack:
    return TakeBack(entry, name, str(folder / f"{name}.qcow2"), "it is back")


async def test_disks_lie_under_a_label_that_says_whose_they_are(storage: Storage, folder: Path, tmp_path: Path) -> None:
    content = (folder / "root.qcow2").read_bytes()
    for _ in range(2):
        await storage.execute(aside(folder))
    assert list(folder.iterdir()) == []
    label = json.loads((tmp_path / "trash/default.web-1/label.json").read_text())
    assert (label["namespace"], label["name"], label["uid"], label["reason"]) == ("default", "web", "uid", "deleted")
    assert datetime.fromisoformat(label["until"]) - datetime.fromisoformat(label["since"]) == timedelta(hours=1)
    assert [disk["path"] for disk in label["disks"]] == [str(folder / "root.qcow2"), str(folder / "data.qcow2")]
    (entry,) = (await storage.observe([], [], [], str(folder))).trash
    assert [(d.name, d.backing) for d in entry.disks] == [("root", "/state/images/root.img"), ("data", "/state/images/data.img")]
    for _ in range(2):
        await storage.execute(back(folder, "root"))
    assert (folder / "root.qcow2").read_bytes() == content
    assert [d.name for d in (await storage.observe([], [], [], str(folder))).trash[0].disks] == ["data"]
    await storage.execute(back(folder, "data"))
    assert (await storage.observe([], [], [], str(folder))).trash == ()
    assert not (tmp_path / "trash/default.web-1").exists()


async def test_what_another_process_did_is_seen(storage: Storage, folder: Path, tmp_path: Path) -> None:
    async def seen() -> list[str]:
        return [disk.name for entry in (await storage.observe([], [], [], str(folder))).trash for disk in entry.disks]

    assert await seen() == []
    other = Storage(tmp_path, None)
    await other.execute(aside(folder))
    assert await seen() == ["root", "data"]
    other.trash.restore(other.trash.entries()[0])
    assert await seen() == []
    assert len(list(folder.iterdir())) == 2


async def test_what_both_did_at_once_is_seen(storage: Storage, folder: Path, tmp_path: Path) -> None:
    await storage.execute(aside(folder))
    assert len((await storage.observe([], [], [], str(folder))).trash) == 1
    (folder / "other.qcow2").write_bytes(qcow2())
    other = SetAside("default.web-2", "default", "web", "uid", (("other", str(folder / "other.qcow2")),), 60.0, True, "deleted")
    await Storage(tmp_path, None).execute(other)
    await storage.execute(back(folder, "root"))
    found = {entry.entry: [d.name for d in entry.disks] for entry in (await storage.observe([], [], [], str(folder))).trash}
    assert found == {"default.web-1": ["data"], "default.web-2": ["other"]}


async def test_no_file_is_ever_overwritten(storage: Storage, folder: Path) -> None:
    await storage.execute(aside(folder))
    (folder / "root.qcow2").write_bytes(b"newer")
    with pytest.raises(Refused, match="the machine has a disk there"):
        storage.trash.restore(storage.trash.entries()[0])
    with pytest.raises(DriverError):
        await storage.execute(back(folder, "root"))
    await storage.execute(aside(folder, "root"))
    names = {entry.entry: [disk.name for disk in entry.disks] for entry in storage.trash.entries()}
    assert names == {"default.web-1": ["root", "data"], "default.web-1-2": ["root"]}


async def test_what_joins_later_keeps_as_long_as_it_says(storage: Storage, folder: Path) -> None:
    await storage.execute(aside(folder, "root", keep=10.0))
    first = storage.trash.entries()[0]
    await storage.execute(aside(folder, "data", keep=1000.0))
    (entry,) = storage.trash.entries()
    assert {disk.name for disk in entry.disks} == {"root", "data"} and entry.until > first.until and entry.since == first.since


async def test_erased_is_erased(storage: Storage, folder: Path, tmp_path: Path) -> None:
    await storage.execute(aside(folder))
    for name in ("default.web-1", "default.web-1", "../machines", "..", ""):
        storage.trash.erase(name)
    assert storage.trash.entries() == [] and folder.is_dir()
    assert [path.name for path in (tmp_path / "trash").iterdir()] == [".lock"]
    with pytest.raises(DriverError, match="in the trash no more"):
        await storage.execute(back(folder, "root"))


async def test_without_a_label_disks_are_listed_and_stay(storage: Storage, folder: Path, tmp_path: Path) -> None:
    await storage.execute(aside(folder))
    (tmp_path / "trash/default.web-1/label.json").write_text("{")
    (entry,) = storage.trash.entries()
    assert (entry.name, entry.until, len(entry.disks)) == ("", "", 2)
    assert "cannot be read" in entry.reason
    with pytest.raises(Refused, match="by hand"):
        storage.trash.restore(entry)
    assert len(list((tmp_path / "trash/default.web-1").iterdir())) == 3


async def test_a_label_says_that_space_was_low(
    storage: Storage, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrashFolder, "space", lambda self: Space(5, 100))
    await storage.execute(aside(folder, "data"))
    (label,) = (tmp_path / "trash").glob("*/label.json")
    assert "erased soon, oldest first, for lack of space" in json.loads(label.read_text())["note"]


async def test_images_under_disks_in_the_trash_are_in_use(storage: Storage, folder: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    (images / "base.img").write_bytes(b"x")
    (folder / "root.qcow2").write_bytes(qcow2(backing=str(images / "base.img")))
    await storage.execute(aside(folder))
    later = datetime.now(UTC).timestamp() + 10_000
    assert unreferenced(Rooms(tmp_path, None), [], now=later) == []
    storage.trash.erase("default.web-1")
    assert [path.name for path in unreferenced(Rooms(tmp_path, None), [], now=later)] == ["base.img"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["mkdir", "replace", "link", "unlink"])
async def test_killed_at_any_step_the_next_look_goes_on(
    storage: Storage, folder: Path, tmp_path: Path, call: str, when: str
) -> None:
    contents = {path.name: path.read_bytes() for path in folder.iterdir()}
    (tmp_path / "trash").mkdir(mode=0o700)
    die(tmp_path, tmp_path, call, when, aside(folder))
    await storage.execute(aside(folder))
    assert list(folder.iterdir()) == []
    assert [[disk.name for disk in entry.disks] for entry in storage.trash.entries()] == [["root", "data"]]
    if call in ("link", "unlink"):
        die(tmp_path, tmp_path, call, when, back(folder, "root"))
    for name in ("root", "data"):
        await Storage(tmp_path, None).execute(back(folder, name))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == contents


async def test_what_is_set_aside_by_a_clock_that_is_behind_stays_as_long(storage: Storage, folder: Path, tmp_path: Path) -> None:
    await storage.execute(aside(folder))
    file = tmp_path / "trash/default.web-1/label.json"
    label = json.loads(file.read_text())
    for name in ("since", "until"):
        label[name] = (datetime.fromisoformat(label[name]) - timedelta(days=2)).isoformat()
    file.write_text(json.dumps(label))
    (entry,) = TrashFolder(Rooms(tmp_path, None)).entries()
    left = datetime.fromisoformat(entry.until) - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
