"""An edit is committed also where somebody else's git holds index.lock for a moment. Real git."""

from __future__ import annotations

import subprocess
import threading

import pytest

from homeostat.store.files.commits import git
from tests.rig.waiting import wait_until
from tests.unit.store_fixtures import Room, document, key


def run(room: Room, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(room.folder), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def shared(room: Room, monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.setenv("HOME", str(room.base))
    room.write("web.yaml", document("web"))
    run(room, "init", "--quiet")
    run(room, "config", "user.email", "somebody@example.org")
    run(room, "add", ".")
    run(room, "-c", "user.name=somebody", "commit", "--quiet", "-m", "Add web")
    room.commit = True
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
