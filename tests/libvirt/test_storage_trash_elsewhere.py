"""machines/ on another file system than trash/: disks are copied whole, in both directions, whatever moment it is killed in."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.driver.errors import NoSpace, Refused
from homeostat.driver.storage import Storage, move
from homeostat.driver.storage.trash import TrashFolder
from tests.libvirt.test_storage_killed import die
from tests.libvirt.test_storage_trash import aside, back
from tests.unit.images import qcow2

HOLE = 4 * 2**20


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    machines = tmp_path / "machines"
    machines.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "none", machines], capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a tmpfs: run as root, with CAP_SYS_ADMIN")
    yield tmp_path
    subprocess.run(["umount", "-l", machines], check=True)


@pytest.fixture
def folder(root: Path) -> Path:
    folder = root / "machines" / "default" / "web"
    folder.mkdir(parents=True)
    for name in ("root", "data"):
        with open(folder / f"{name}.qcow2", "wb") as disk:
            disk.write(qcow2())
            disk.seek(HOLE)
            disk.write(name.encode())
            disk.truncate(2 * HOLE)
    return folder


def whole(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes()[HOLE : HOLE + 4] for path in folder.glob("*.qcow2")}


CONTENTS = {"root.qcow2": b"root", "data.qcow2": b"data"}


async def test_disks_go_and_come_back_with_their_holes_and_rights(root: Path, folder: Path) -> None:
    storage, entry = Storage(root, None), root / "trash" / "default.web-1"
    (folder / "root.qcow2").chmod(0o640)
    before = (folder / "root.qcow2").stat()
    for place, other, acts in ((entry, folder, [aside(folder)]), (folder, entry, [back(folder, n) for n in ("root", "data")])):
        for act in acts:
            await storage.execute(act)
        assert whole(place) == CONTENTS and (not other.exists() or whole(other) == {})
        found = (place / "root.qcow2").stat()
        assert (found.st_size, found.st_mode, found.st_mtime_ns) == (before.st_size, before.st_mode, before.st_mtime_ns)
        assert found.st_blocks * 512 < HOLE
    assert storage.trash.entries() == [] and not entry.exists()


async def test_restore_by_hand_and_never_over_another_file(root: Path, folder: Path) -> None:
    storage = Storage(root, None)
    await storage.execute(aside(folder))
    (entry,) = storage.trash.entries()
    (folder / "root.qcow2").write_bytes(b"newer")
    with pytest.raises(Refused, match="the machine has a disk there"):
        storage.trash.restore(entry)
    (folder / "root.qcow2").unlink()
    storage.trash.restore(entry)
    assert whole(folder) == CONTENTS and storage.trash.entries() == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["sendfile", "link", "unlink"])
async def test_killed_at_any_step_the_next_look_goes_on(root: Path, folder: Path, call: str, when: str) -> None:
    (root / "trash").mkdir(mode=0o700)
    die(root, root, call, when, aside(folder))
    await Storage(root, None).execute(aside(folder))
    (entry,) = TrashFolder.at(root).entries()
    assert (entry.entry, whole(folder), whole(root / "trash" / entry.entry)) == ("default.web-1", {}, CONTENTS)
    die(root, root, call, when, back(folder, "root"))
    for name in ("root", "data"):
        await Storage(root, None).execute(back(folder, name))
    assert whole(folder) == CONTENTS and sorted(path.name for path in folder.iterdir()) == sorted(CONTENTS)
    assert [path.name for path in (root / "trash").iterdir()] == [".lock"]


@pytest.mark.parametrize("call", ["mkdir", "replace", "sendfile", "link"])
async def test_what_a_killed_act_left_without_a_disk_is_not_listed_and_goes(root: Path, folder: Path, call: str) -> None:
    (root / "trash").mkdir(mode=0o700)
    die(root, root, call, "before" if call != "mkdir" else "after", aside(folder))
    assert (await Storage(root, None).observe([], [], [], str(folder))).trash == ()
    assert TrashFolder.at(root).entries() == []
    assert {path.name for path in (root / "trash").iterdir()} <= {".lock"}
    assert whole(folder) == CONTENTS


def test_a_copy_that_does_not_fit_leaves_everything_as_it_was(root: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "sendfile", full)
    with pytest.raises(NoSpace, match="no space is left"):
        TrashFolder.at(root).set_aside(aside(folder))
    assert whole(folder) == CONTENTS
    assert TrashFolder.at(root).entries() == [] and [path.name for path in (root / "trash").iterdir()] == [".lock"]


def test_links_move_as_links(root: Path, folder: Path) -> None:
    link, target = folder / "link", root / "link"
    link.symlink_to("/nowhere")
    move.move(link, target)
    move.move(target, link)
    assert os.readlink(link) == "/nowhere" and not os.path.lexists(target)
