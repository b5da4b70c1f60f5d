"""A hook that does not end costs its own commit, and none after it. Real git."""

from __future__ import annotations

import pytest

from homeostat.store.files.commits import git
from tests.rig.processes import alive, read_pid
from tests.rig.waiting import wait_until
from tests.unit.committed import commit_all, run
from tests.unit.store_fixtures import Room, key


@pytest.fixture
def hook(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    commit_all(room, monkeypatch)
    hook = room.folder / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {room.base}/pid\nwait\n")
    hook.chmod(0o755)
    monkeypatch.setattr(git, "TIMEOUT", 1.0)


@pytest.mark.usefixtures("hook")
def test_it_ends_with_git_and_leaves_no_lock_behind(room: Room) -> None:
    room.store.patch(key("web"), {"spec": {"runStrategy": "Halted"}}, "api")
    assert "git did not finish within 1 s" in room.store.events()[-1].message
    assert git.operation_under_way(room.folder, 0.0) == ""
    pid = read_pid(room.base / "pid")
    assert pid is not None
    wait_until(lambda: not alive(pid), 10, "what the hook started ends")


@pytest.mark.usefixtures("hook")
def test_the_next_edit_is_committed(room: Room) -> None:
    room.store.patch(key("web"), {"spec": {"runStrategy": "Halted"}}, "api")
    (room.folder / ".git" / "hooks" / "pre-commit").unlink()
    room.store.patch(key("web"), {"spec": {"runStrategy": "Manual"}}, "api")
    assert run(room, "log", "-1", "--format=%s") == "Change VirtualMachine/default/web: runStrategy: Halted -> Manual"
