"""An edit is committed also where somebody else's git holds index.lock for a moment. Real git."""

from __future__ import annotations

import threading

import pytest

from homeostat.store.files.commits import git
from tests.rig.waiting import wait_until
from tests.unit.committed import commit_all, run
from tests.unit.store_fixtures import Room, key


@pytest.fixture
def shared(room: Room, monkeypatch: pytest.MonkeyPatch) -> Room:
    commit_all(room, monkeypatch)
    return room


def test_a_lock_that_is_let_go_of_is_waited_for(shared: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "LOCK_WAIT", 60.0)
    lock, refused = shared.folder / ".git" / "index.lock", threading.Event()
    lock.touch()
    once = git._run

    def watched(*arguments: object) -> str:
        try:
            return once(*arguments)  # type: ignore[arg-type]
        except git.GitFailed:
            refused.set()
            raise

    monkeypatch.setattr(git, "_run", watched)
    edit = threading.Thread(target=shared.store.patch, args=(key("web"), {"spec": {"runStrategy": "Halted"}}, "api"))
    edit.start()
    wait_until(refused.is_set, 20, "git was refused")
    lock.unlink()
    edit.join(20)
    assert run(shared, "log", "-1", "--format=%s") == "Change VirtualMachine/default/web: runStrategy: Always -> Halted"
    assert "CommitFailed" not in [event.reason for event in shared.store.events()]


def test_one_that_stays_is_told_of(shared: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "LOCK_WAIT", 0.0)
    (shared.folder / ".git" / "index.lock").touch()
    shared.store.patch(key("web"), {"spec": {"runStrategy": "Halted"}}, "api")
    assert "index.lock" in shared.store.events()[-1].message and "Commit it by hand" in shared.store.events()[-1].message
