"""An edit whose process is killed between writing and committing is committed by the next one. Real git, and a real kill.

Left uncommitted, the next checkout would take it back: a deleted machine would be made once more.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import aclosing

import pytest

from homeostat.store.files.commits import git
from tests.unit.committed import commit_all, run
from tests.unit.store_fixtures import Room, document, key

CREATE = 'store.create("VirtualMachine", {"metadata": {"name": "new"}}, "ann")'
CHANGE = 'store.patch(web, {"spec": {"runStrategy": "Halted"}}, "ann")'
DELETE = 'store.delete(web, "ann")'
SUBJECTS = {
    CREATE: "Create VirtualMachine/default/new",
    CHANGE: "Change VirtualMachine/default/web: runStrategy: Always -> Halted",
    DELETE: "Delete VirtualMachine/default/web",
}
KILLED = """
import os, signal, sys
from pathlib import Path
from homeostat.store.files.commits.committer import Committer
from homeostat.store.files.editing import disk
from homeostat.store.files.editing.writer import FolderWriter
from homeostat.store.files.passes.intake import Intake
from homeostat.store.files.state import StateFolder
from homeostat.store.files.store import FilesStore
from tests.unit.store_fixtures import key

def kill(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

folder, state, edit, moment = sys.argv[1:]
store, web = FilesStore.open(Path(folder), StateFolder.open(Path(state)), commit=True), key("web")
{
    "before": lambda: [setattr(disk, name, kill) for name in ("write_file", "remove_file")],
    "written": lambda: [setattr(FolderWriter, name, kill) for name in ("_finish", "_mark_deleted")],
    "indexed": lambda: setattr(Committer, "publish", kill),
}[moment]()
exec(edit)
"""
each_edit = pytest.mark.parametrize("edit", [CREATE, CHANGE, DELETE], ids=["create", "change", "delete"])


@pytest.fixture
def shared(room: Room, monkeypatch: pytest.MonkeyPatch) -> Room:
    commit_all(room, monkeypatch)
    room.sync()
    room.commit = False  # whoever comes next commits what is owed, whether or not he was asked to commit what he writes
    room.close()
    return room


def killed(room: Room, edit: str, moment: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, room.folder, room.state.root, edit, moment], check=False)
    assert done.returncode == -9


def operate(room: Room) -> None:
    """Makes the first pass of an operator."""

    async def first_pass() -> None:
        async with aclosing(room.store.changes()) as changes:  # type: ignore[type-var]
            async for _ in changes:
                return

    asyncio.run(asyncio.wait_for(first_pass(), 20))


def last_commit(room: Room) -> list[str]:
    return run(room, "log", "-1", "--format=%s|%an|%b").split("|")


@each_edit
@pytest.mark.parametrize("moment", ["written", "indexed"])
def test_by_the_operator(shared: Room, edit: str, moment: str) -> None:
    killed(shared, edit, moment)
    assert run(shared, "status", "--porcelain") != ""
    operate(shared)
    subject, author, body = last_commit(shared)
    assert (subject, author) == (SUBJECTS[edit], "ann")
    assert "Asked for by: ann, as " in body
    assert run(shared, "status", "--porcelain") == ""


@each_edit
@pytest.mark.parametrize("moment", ["written", "indexed"])
def test_by_the_next_edit_before_its_own(shared: Room, edit: str, moment: str) -> None:
    killed(shared, edit, moment)
    shared.commit = True
    shared.store.create("VirtualMachine", {"metadata": {"name": "later"}}, "ben")
    assert run(shared, "log", "-2", "--format=%s|%an").splitlines() == [
        "Create VirtualMachine/default/later|ben", f"{SUBJECTS[edit]}|ann",
    ]  # fmt: skip


@each_edit
def test_what_was_not_written_yet_is_not_committed(shared: Room, edit: str) -> None:
    killed(shared, edit, "before")
    operate(shared)
    assert last_commit(shared)[0] == "Add web"


@pytest.mark.parametrize("edit", [CHANGE, DELETE], ids=["change", "delete"])
@pytest.mark.parametrize("path", ["web.yaml", "web.yaml/other.yaml"], ids=["file", "folder"])
def test_what_others_wrote_since_is_theirs(shared: Room, edit: str, path: str) -> None:
    killed(shared, edit, "indexed")
    (shared.folder / "web.yaml").unlink(missing_ok=True)
    shared.write(path, document("web", "labels: {app: mine}"))
    operate(shared)
    assert last_commit(shared)[0] == "Add web"
    assert run(shared, "status", "--porcelain") != ""


def test_what_was_committed_by_hand_is_not_committed_twice(shared: Room) -> None:
    killed(shared, CHANGE, "indexed")
    run(shared, "commit", "-qam", "By hand")
    operate(shared)
    assert last_commit(shared)[0] == "By hand"


def test_once_it_is_committed_nothing_is_owed(shared: Room) -> None:
    """The same content may come back by others: that is not the edit."""
    shared.commit = True
    shared.store.patch(key("web"), {"spec": {"runStrategy": "Halted"}}, "ann")
    edited = (shared.folder / "web.yaml").read_text()
    run(shared, "revert", "--no-edit", "HEAD")
    shared.write("web.yaml", edited)
    shared.reopened()
    operate(shared)
    assert last_commit(shared)[0].startswith("Revert")


def test_a_git_that_is_at_work_may_commit_it_still(shared: Room) -> None:
    """As the one that the killed process started, which runs on while a hook does."""
    killed(shared, DELETE, "indexed")
    lock = shared.folder / ".git" / "index.lock"
    lock.touch()
    now = shared.clock().timestamp()
    os.utime(lock, (now - 50, now - 50))
    operate(shared)
    assert "CommitFailed" not in [event.reason for event in shared.store.events()]
    lock.unlink()
    operate(shared)
    assert last_commit(shared)[0] == SUBJECTS[DELETE]


def test_a_lock_that_was_left_long_ago_is_told_of(shared: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "LOCK_WAIT", 0.0)
    killed(shared, CHANGE, "indexed")
    lock = shared.folder / ".git" / "index.lock"
    lock.touch()
    now = shared.clock().timestamp()
    os.utime(lock, (now - 70, now - 70))
    operate(shared)
    assert "CommitFailed" in [event.reason for event in shared.store.events()]


def test_what_git_refuses_is_told_of_once(shared: Room) -> None:
    killed(shared, CHANGE, "indexed")
    (shared.folder / ".git" / "MERGE_HEAD").write_text("")
    operate(shared)
    operate(shared)
    failed = [event.message for event in shared.store.events() if event.reason == "CommitFailed"]
    assert len(failed) == 1 and "web.yaml was written, but not committed: a merge is under way" in failed[0]
