"""The state folder: one identity, one YAML folder, one operator."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from homeostat.store.errors import StateError
from homeostat.store.files.state import StateFolder, served_cluster


def test_identity_is_made_once_and_private(tmp_path: Path) -> None:
    state = StateFolder.open(tmp_path / "state")
    assert state.instance_id == StateFolder.open(tmp_path / "state").instance_id
    assert (state.root / "instance-id").stat().st_mode & 0o777 == 0o600
    assert state.root.stat().st_mode & 0o777 == 0o710
    assert sorted(p.name for p in state.root.iterdir()) == ["instance-id"]


def test_damaged_identity_is_never_replaced(tmp_path: Path) -> None:
    state = StateFolder.open(tmp_path)
    (tmp_path / "instance-id").write_text("nonsense")
    with pytest.raises(StateError, match="restore it from a backup"):
        _ = state.instance_id


def test_another_folder_is_refused(tmp_path: Path) -> None:
    state = StateFolder.open(tmp_path / "state")
    state.claim(tmp_path / "one")
    state.claim(tmp_path / "one")
    with pytest.raises(StateError, match="name another state folder with --state"):
        state.claim(tmp_path / "two")


def test_second_operator_learns_who_holds_the_lock(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from homeostat.store.files.state import StateFolder\n"
            "with StateFolder.open(Path(sys.argv[1])).operator_lock():\n print('held', flush=True); sys.stdin.read()",
            str(tmp_path),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout and holder.stdout.readline() == b"held\n"
        with pytest.raises(StateError, match=f"process {holder.pid}"), StateFolder.open(tmp_path).operator_lock():
            pass
    finally:
        holder.kill()
        holder.communicate()
    with StateFolder.open(tmp_path).operator_lock():  # it ends with its process, also by kill -9
        pass


def test_who_has_the_machines_now_is_told(tmp_path: Path) -> None:
    state = StateFolder.open(tmp_path / "state")
    state.claim(tmp_path)
    with pytest.raises(StateError, match="migrate --to-cluster"):
        state.claim_cluster("1b2c")
    with pytest.raises(StateError, match="migrate --to-cluster"):
        state.refuse_folder()
    state.hand_over(served_cluster("1b2c"))
    state.refuse_folder()
    state.claim_cluster("1b2c")
    with pytest.raises(StateError, match="migrate --to-folder"):
        state.claim(tmp_path)
    with pytest.raises(StateError, match=r"took the place of that one.*state/source"):
        state.claim_cluster("9f8e")
