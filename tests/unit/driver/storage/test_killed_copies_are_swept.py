"""What a killed copy leaves beside a disk goes; what one that goes on is writing stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.driver.storage.disks.exports import STAGED, making, sweep_exports
from homeostat.driver.storage.paths import Rooms


def left(root: Path, room: str) -> Path:
    folder = root / room / "default" / "web"
    folder.mkdir(parents=True)
    (folder / "data.qcow2").touch()
    path = folder / f"data.1{STAGED}"
    path.touch()
    return path


@pytest.mark.parametrize("room", ["machines", "disks"])
def test_an_operator_removes_it_once_nobody_makes_a_copy_there(tmp_path: Path, room: str) -> None:
    rooms, path = Rooms(tmp_path, None), left(tmp_path, room)
    with making(path.parent, "nothing"), making(path.parent, "nothing"):
        assert sweep_exports(rooms) == [] and path.exists()
    assert sweep_exports(rooms) == [str(path)] and sweep_exports(rooms) == []
    assert [one.name for one in path.parent.iterdir()] == ["data.qcow2"]


def test_the_next_copy_removes_it_unless_it_is_being_made(tmp_path: Path) -> None:
    path = left(tmp_path, "machines")
    with making(path.parent, f"*{STAGED}"):
        assert not path.exists()
        path.touch()
        with making(path.parent, f"*{STAGED}"):
            assert path.exists()


def test_a_folder_that_is_a_link_is_left_alone(tmp_path: Path) -> None:
    path = left(tmp_path / "elsewhere", "machines")
    (tmp_path / "machines" / "default").mkdir(parents=True)
    (tmp_path / "machines" / "default" / "web").symlink_to(path.parent)
    assert sweep_exports(Rooms(tmp_path, None)) == [] and path.exists()
