"""Temporary folders of a killed command go with the next one; those of a living one stay."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from homeostat.driver.survey import scratch

HOLD = (
    "import sys; from homeostat.driver.survey.scratch import scratch_folder\n"
    "with scratch_folder('plan') as folder:\n print(folder, flush=True); sys.stdin.read()"
)
LATER = 1e12  # seconds since the epoch: everything has been there for long


@pytest.fixture(autouse=True)
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_it_goes_when_its_maker_ends_and_when_he_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        folder = Path(holder.stdout.readline().strip())
        scratch.sweep(LATER)
        assert folder.is_dir()  # its maker lives
        holder.kill()
        holder.wait()
        scratch.sweep()
        assert folder.is_dir()  # it might be just being made
        scratch.sweep(LATER)
        assert not folder.exists()


def test_one_that_ends_in_order_leaves_nothing(room: Path) -> None:
    with scratch.scratch_folder("migrate") as folder:
        assert folder.stat().st_mode & 0o077 == 0
    assert list(room.iterdir()) == []


def test_what_others_put_there_stays(room: Path) -> None:
    elsewhere = room / "elsewhere"
    for place in (elsewhere, room / "homeostat-backup-2026"):
        place.mkdir()
        (place / "file").touch()
    (room / f"{scratch.PREFIX}plan-link").symlink_to(elsewhere)
    (room / f"{scratch.PREFIX}plan-file").touch()
    scratch.sweep(LATER)
    assert len(list(room.iterdir())) == 4
    assert (elsewhere / "file").exists()
