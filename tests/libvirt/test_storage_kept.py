"""What is found of disks that were kept for a deployment: only what is noted down as its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from homeostat.driver.errors import Refused
from homeostat.driver.storage import Storage
from homeostat.planner.actions import DeleteDirectory, KeepDisks, MarkCreated, NoteMoved
from homeostat.planner.domain import MovedDisk
from homeostat.planner.observed import KeptDisks


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path, None)


def folder(root: Path, name: str, namespace: str = "default") -> Path:
    made = root / "machines" / namespace / name
    made.mkdir(parents=True, exist_ok=True)
    (made / "data.qcow2").write_bytes(b"precious")
    return made


async def note(storage: Storage, path: Path, owner: str = "uid") -> None:
    await storage.execute(KeepDisks(str(path), owner, ("data",), "test"))


async def test_its_own_is_found_and_nothing_else(storage: Storage, tmp_path: Path) -> None:
    assert await storage.kept_disks("default", "web", "uid") == []
    own = folder(tmp_path, "web-3")
    await note(storage, own)
    assert (own / "kept.json").stat().st_mode & 0o777 == 0o600
    for name in ("web-03", "web-x", "web-3-1", "other-3", "web"):
        await note(storage, folder(tmp_path, name))
    await note(storage, folder(tmp_path, "web-4"), "another uid")
    await note(storage, folder(tmp_path, "web-5", "elsewhere"))
    folder(tmp_path, "web-6")
    (tmp_path / "machines" / "default" / "web-7").symlink_to(own)
    for number, text in enumerate(["", "[]", "{}", '{"owner": "uid"}', '{"owner": "uid", "disks": ["../web-1/data"]}'], 10):
        (folder(tmp_path, f"web-{number}") / "kept.json").write_text(text)
    found = await storage.kept_disks("default", "web", "uid")
    assert found == [KeptDisks("web-3", str(own), ("data",))]


async def test_where_others_put_one_of_them_is_found_with_it(storage: Storage, tmp_path: Path) -> None:
    """So that it goes to the trash with the disk: it is older than what it comes back to."""
    own, moved = folder(tmp_path, "web-3"), (MovedDisk("data", "/backup/data.snap", "qcow2"),)
    await note(storage, own)
    await storage.execute(NoteMoved(str(own), moved, "test"))
    (found,) = await storage.kept_disks("default", "web", "uid")
    assert found.moved == moved
    (own / "moved.json").write_text("[{")
    with pytest.raises(Refused, match=r"moved\.json does not say any more"):
        await storage.kept_disks("default", "web", "uid")


async def test_it_is_the_deployments_no_more_once_another_machine_was_made_there(storage: Storage, tmp_path: Path) -> None:
    own = folder(tmp_path, "web-3")
    await note(storage, own)
    await storage.execute(MarkCreated(str(own), "test"))
    assert await storage.kept_disks("default", "web", "uid") == []


async def test_the_note_goes_with_the_folder_and_the_disks_stay(storage: Storage, tmp_path: Path) -> None:
    own = folder(tmp_path, "web-3")
    await note(storage, own)
    await note(storage, own)  # as after a kill
    assert json.loads((own / "kept.json").read_text()) == {"owner": "uid", "disks": ["data"]}
    await storage.execute(DeleteDirectory(str(own), "test"))
    assert [path.name for path in own.iterdir()] == ["data.qcow2"]
