"""A copy that is sent has no name: nothing of it stays, whatever its maker dies of."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from homeostat.driver.errors import NoSpace
from homeostat.driver.snapshots.downloads import FRESH, copy_to_send, exports_of, sweep_exports
from tests.rig.waiting import wait_until


class Abandoned(Exception):
    """Nobody wants it any more."""


def nothing() -> None:
    """Looks at nothing."""


def kept(state: Path) -> list[str]:
    return [path.name for path in exports_of(state).iterdir()]


def test_it_is_read_by_nobody_else_and_has_no_name(tmp_path: Path) -> None:
    copy = copy_to_send(tmp_path, lambda path: path.write_bytes(b"contents") and None, nothing)
    assert kept(tmp_path) == [] and os.stat(exports_of(tmp_path)).st_mode & 0o777 == 0o700
    assert os.pread(copy.file.fileno(), 100, 0) == b"contents"
    assert (copy.size, copy.sha256[:8]) == (8, "d1b2a59f")
    assert os.fstat(copy.file.fileno()).st_nlink == 0
    copy.file.close()


def test_what_ends_it_leaves_nothing(tmp_path: Path) -> None:
    def fails(path: Path) -> None:
        path.write_bytes(b"half")
        raise NoSpace("no space is left")

    def look() -> None:
        raise Abandoned

    with pytest.raises(NoSpace):
        copy_to_send(tmp_path, fails, nothing)
    with pytest.raises(Abandoned):
        copy_to_send(tmp_path, lambda path: path.write_bytes(b"whole") and None, look)
    assert kept(tmp_path) == []


def test_what_a_killed_maker_left_goes(tmp_path: Path) -> None:
    left = exports_of(tmp_path) / "homeostat-scratch-export-x"
    left.mkdir(parents=True)
    (left / "copy.qcow2").write_bytes(b"half")
    own = exports_of(tmp_path) / "mine"
    own.mkdir()
    wait_until(lambda: time.time() > left.stat().st_ctime + FRESH, 10, "it is old enough to have been locked")
    sweep_exports(tmp_path)
    assert kept(tmp_path) == ["mine"]
