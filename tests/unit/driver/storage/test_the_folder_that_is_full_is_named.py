"""Where a room of the state folder is a file system of its own and is full, that one is named, with its own free space."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from homeostat.driver.errors import NoSpace
from homeostat.driver.storage import paths
from homeostat.driver.storage.paths import Rooms, file_error, human_size


@pytest.fixture
def trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Returns a trash in which 7 bytes are free; elsewhere there are many."""
    trash = tmp_path / "trash"
    trash.mkdir()
    monkeypatch.setattr(paths, "free_bytes", lambda folder: 7 if folder.is_relative_to(trash) else 2**40)
    return trash


def said(error: OSError, path: Path) -> str:
    found = file_error(error, path, "set the disks of web aside")
    assert isinstance(found, NoSpace)
    return str(found)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_room_that_is_written_to_is_named_itself(trash: Path, number: int) -> None:
    assert f" in {trash} (7 B free)" in said(OSError(number, "full"), trash)


@pytest.mark.parametrize("kind", [str, bytes, Path])
def test_the_file_that_was_refused_tells_where(trash: Path, kind: type) -> None:
    refused = str(trash / ".lock").encode() if kind is bytes else kind(trash / ".lock")
    assert f" in {trash} (7 B free)" in said(OSError(errno.ENOSPC, "full", refused), trash.parent / "machines" / "web")


def test_of_two_files_the_second_is_written(trash: Path) -> None:
    source, target = trash.parent / "machines" / "root.qcow2", trash / "web" / "root.qcow2"
    assert f" in {trash} (7 B free)" in said(OSError(errno.ENOSPC, "full", str(source), None, str(target)), source)


@pytest.mark.parametrize("refused", [None, 7, "relative"])
def test_otherwise_it_is_the_folder_of_the_path(trash: Path, refused: object) -> None:
    for path in (trash.parent / "disk", trash.parent / "made" / "disk"):
        assert f" in {trash.parent} ({human_size(2**40)} free)" in said(OSError(errno.ENOSPC, "full", refused), path)


def test_a_folder_that_cannot_be_made_is_not_named(trash: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: str, *_: object) -> None:
        raise OSError(errno.ENOSPC, "full", path)

    monkeypatch.setattr(paths.os, "mkdir", full)
    with pytest.raises(NoSpace) as refused:
        Rooms(trash.parent, None).ensure(trash / "web")
    assert f" in {trash} (7 B free)" in str(refused.value)
