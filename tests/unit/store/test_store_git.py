"""Edits become commits of that one file; a commit that fails loses nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

import pytest

from tests.unit.store_fixtures import Room, document, documents, key

Git = Callable[..., str]


@pytest.fixture
def git(room: Room, monkeypatch: pytest.MonkeyPatch) -> Git:
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(room.base))

    def run(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(room.folder), *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    run("init", "--quiet")
    run("config", "user.name", "somebody")
    run("config", "user.email", "somebody@example.org")
    room.write("web.yaml", documents("web", "db"))
    run("add", ".")
    run("commit", "--quiet", "-m", "Add machines")
    room.commit = True
    return run


def test_an_edit_is_a_commit_of_that_file_only(room: Room, git: Git) -> None:
    room.write("other.txt", "mine")
    git("add", "other.txt")
    room.store.patch(key("web"), {"spec": {"runStrategy": "Halted"}}, "api")
    subject = "Change VirtualMachine/default/web: runStrategy: Always -> Halted"
    assert git("log", "-1", "--format=%s|%an|%cn") == f"{subject}|api|somebody"
    assert git("show", "--name-only", "--format=", "HEAD") == "web.yaml"
    assert git("status", "--porcelain") == "A  other.txt"
    assert room.store.revisions(key("web"))[0].commit == git("rev-parse", "HEAD")


def test_create_and_delete_are_commits_too(room: Room, git: Git) -> None:
    room.store.create("VirtualMachine", {"metadata": {"name": "new"}}, "Eve <eve@example.org>")
    assert git("log", "-1", "--format=%s|%ae") == "Create VirtualMachine/default/new|eve@example.org"
    room.store.delete(key("new"), "api")
    assert git("log", "-1", "--format=%s") == "Delete VirtualMachine/default/new"
    assert git("status", "--porcelain") == ""


@pytest.mark.parametrize("how", [["--intent-to-add"], []], ids=["by one of us who was killed", "by somebody"])
def test_what_was_added_and_never_committed_leaves_nothing_when_it_is_deleted(room: Room, git: Git, how: list[str]) -> None:
    room.write("new.yaml", document("new"))
    room.sync()
    git("add", *how, "new.yaml")
    before = git("rev-parse", "HEAD")
    room.store.delete(key("new"), "api")
    assert "CommitFailed" not in [event.reason for event in room.store.events()]
    assert git("status", "--porcelain") == "" and git("rev-parse", "HEAD") == before


def test_before_the_first_commit_nothing_is_left_either(room: Room, git: Git) -> None:
    git("update-ref", "-d", "HEAD")
    git("rm", "--quiet", "--cached", "web.yaml")
    room.write("new.yaml", document("new"))
    room.sync()
    git("add", "new.yaml")
    room.store.delete(key("new"), "api")
    assert "CommitFailed" not in [event.reason for event in room.store.events()]
    assert git("status", "--porcelain") == "?? web.yaml"


def test_what_git_refuses_is_written_and_not_staged(room: Room, git: Git) -> None:
    hook = room.folder / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    room.store.patch(key("web"), {"spec": {"runStrategy": "Halted"}}, "api")
    room.store.create("VirtualMachine", {"metadata": {"name": "new"}}, "api")
    assert git("status", "--porcelain", "--untracked-files=all").splitlines() == ["M web.yaml", "?? virtualmachines/new.yaml"]
    assert "runStrategy: Halted" in (room.folder / "web.yaml").read_text() and git("log", "-1", "--format=%s") == "Add machines"


def test_who_gives_up_a_merge_keeps_what_was_edited_meanwhile(room: Room, git: Git) -> None:
    room.write("notes.txt", "a")
    git("add", ".")
    git("commit", "--quiet", "-m", "notes")
    git("checkout", "--quiet", "-b", "theirs")
    room.write("notes.txt", "b")
    git("commit", "--quiet", "-am", "theirs")
    git("checkout", "--quiet", "-")
    room.write("notes.txt", "c")
    git("commit", "--quiet", "-am", "ours")
    with pytest.raises(subprocess.CalledProcessError):
        git("merge", "theirs")
    room.store.patch(key("web"), {"spec": {"runStrategy": "Halted"}}, "api")
    git("merge", "--abort")
    assert "runStrategy: Halted" in (room.folder / "web.yaml").read_text()


def test_a_change_found_in_a_file_has_the_git_author(room: Room, git: Git) -> None:
    room.sync()
    room.write("web.yaml", document("web", "runStrategy: Halted") + "---\n" + document("db"))
    git("commit", "--quiet", "-am", "Halt web", "--author=Bob <bob@example.org>")
    room.sync()
    revision = room.store.revisions(key("web"))[0]
    assert (revision.author, revision.commit) == ("Bob <bob@example.org>", git("rev-parse", "HEAD"))


def test_a_failing_commit_is_reported_and_the_edit_stays(room: Room, git: Git) -> None:
    hook = room.folder / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not on a Friday >&2\necho ask Bob >&2\nexit 1\n")
    hook.chmod(0o755)
    changed = room.store.patch(key("web"), {"spec": {"runStrategy": "Halted"}}, "api")
    assert changed.metadata.generation == 2
    event = room.store.events()[-1]
    assert (event.type, event.reason) == ("Warning", "CommitFailed")
    assert "not on a Friday; ask Bob" in event.message


def test_names_are_never_taken_for_options(room: Room, git: Git) -> None:
    room.write("--all.yaml", document("odd"))
    room.store.patch(key("odd"), {"spec": {"runStrategy": "Halted"}}, "--amend")
    assert git("log", "-1", "--format=%s|%an") == "Change VirtualMachine/default/odd: runStrategy: Always -> Halted|--amend"


def test_a_bisect_that_ends_keeps_what_was_edited_meanwhile(room: Room, git: Git) -> None:
    room.write("notes.txt", "a")
    git("add", ".")
    git("commit", "--quiet", "-m", "notes")
    git("bisect", "start", "HEAD", "HEAD~1")
    room.store.patch(key("web"), {"spec": {"runStrategy": "Halted"}}, "api")
    assert "not committed: a bisect is under way in" in room.store.events()[-1].message
    git("bisect", "reset")
    assert "runStrategy: Halted" in (room.folder / "web.yaml").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user, which root may")
def test_a_repository_of_another_user_is_said(room: Room, git: Git) -> None:
    for path in (room.folder, room.folder / ".git"):
        os.chown(path, 65534, 65534)
    room.store.patch(key("web"), {"spec": {"runStrategy": "Halted"}}, "api")
    event = room.store.events()[-1]
    assert event.reason == "CommitFailed" and "dubious ownership" in event.message
