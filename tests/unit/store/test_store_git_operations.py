"""What git does to a work tree deletes nothing while it is at it, and what it puts back is kept. Real git."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from homeostat.store.files.commits.git import STALE_LOCK, operation_under_way
from tests.unit.store_fixtures import Room, document, key

Git = Callable[..., str]


@pytest.fixture
def git(room: Room, monkeypatch: pytest.MonkeyPatch) -> Git:
    """The folder is a work tree with a commit that has ``anchor``, and another one that adds ``dat``."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(room.base))

    def run(*arguments: str, where: Path | None = None, fails: bool = False) -> str:
        done = subprocess.run(
            ["git", "-C", str(where or room.folder), *arguments], capture_output=True, text=True, check=False
        )  # fmt: skip
        assert fails or done.returncode == 0, done.stderr
        return done.stdout.strip()

    run("init", "--quiet", "--initial-branch=main")
    run("config", "user.name", "somebody")
    run("config", "user.email", "somebody@example.org")
    for name in ("anchor", "dat"):
        room.write(f"{name}.yaml", document(name))
        run("add", ".")
        run("commit", "--quiet", "-m", f"Add {name}")
    room.sync()
    return run


def gone_and_back(room: Room, words: str) -> None:
    """``dat`` is away, and held with these words although its time has come."""
    assert words in room.sync(0.0).held[key("dat")]
    assert room.names() == ["anchor", "dat"]


def test_br02_a_checkout_of_an_older_commit_and_back(room: Room, git: Git) -> None:
    """A detached HEAD is no operation, since deployments live on one: the settling time is what makes it harmless."""
    git("checkout", "--quiet", "HEAD~1")
    assert (room.sync(5.0).deleted, room.store.restless) == ((), True)
    git("checkout", "--quiet", "main")
    assert (room.sync(5.0).deleted, room.store.restless, room.said()) == ((), False, [])


def test_a_commit_that_takes_it_away_goes_and_says_whose_it_was(room: Room, git: Git) -> None:
    git("rm", "--quiet", "dat.yaml")
    git("commit", "--quiet", "-m", "Remove dat", "--author=Bob <bob@example.org>")
    assert room.sync(0.0).deleted == (key("dat"),)
    by = room.resource("dat").metadata.annotations["homeostat.dev/deleted-by"]
    assert by == f"file dat.yaml, commit {git('rev-parse', 'HEAD')[:12]} by Bob <bob@example.org>"


def test_stash_and_pop(room: Room, git: Git) -> None:
    room.write("new.yaml", document("new"))
    room.sync()
    git("stash", "--include-untracked", "--quiet")
    assert room.sync(5.0).deleted == ()
    git("stash", "pop", "--quiet")
    assert (room.sync(5.0).deleted, room.names()) == ((), ["anchor", "dat", "new"])


def part_ways(room: Room, git: Git) -> None:
    """Two branches say something else of one machine."""
    git("checkout", "--quiet", "-b", "side", "HEAD~1")
    room.write("anchor.yaml", document("anchor", "runStrategy: Halted"))
    git("commit", "--quiet", "-am", "Halt")
    git("checkout", "--quiet", "main")
    room.write("anchor.yaml", document("anchor", "runStrategy: Manual"))
    git("commit", "--quiet", "-am", "By hand")


def test_a_rebase_that_stops(room: Room, git: Git) -> None:
    part_ways(room, git)
    git("rebase", "side", fails=True)
    git("rm", "--quiet", "-f", "dat.yaml", fails=True)
    (room.folder / "dat.yaml").unlink(missing_ok=True)
    room.write("anchor.yaml", document("anchor"))
    gone_and_back(room, "a rebase is under way in")
    git("rebase", "--abort")
    assert (room.sync(0.0).deleted, room.said()) == ((), [])


@pytest.mark.parametrize("how", ["merge", "cherry-pick", "revert"])
def test_what_stops_at_a_conflict(room: Room, git: Git, how: str) -> None:
    part_ways(room, git)
    room.write("anchor.yaml", document("anchor", "runStrategy: Once"))
    git("commit", "--quiet", "-am", "Once")
    git(*{"merge": ("merge", "side"), "cherry-pick": ("cherry-pick", "side"), "revert": ("revert", "HEAD~1")}[how], fails=True)
    (room.folder / "dat.yaml").unlink()
    room.write("anchor.yaml", document("anchor"))
    gone_and_back(room, f"a {how} is under way in")


def test_a_bisect(room: Room, git: Git) -> None:
    git("bisect", "start", "HEAD", "HEAD~1")
    git("checkout", "--quiet", "HEAD~1")
    gone_and_back(room, "a bisect is under way in")
    git("bisect", "reset")
    assert (room.sync(0.0).deleted, room.said()) == ((), [])


def test_a_lock_of_git_and_one_that_is_left_over(room: Room, git: Git) -> None:
    lock = room.folder / ".git" / "index.lock"
    lock.touch()
    (room.folder / "dat.yaml").unlink()
    gone_and_back(room, "git is at work")
    past = time.time() - STALE_LOCK - 60
    os.utime(lock, (past, past))
    gone_and_back(room, "if no git runs, one was killed, and the file is left over: remove it")
    lock.unlink()
    assert room.sync(0.0).deleted == (key("dat"),)


def test_in_a_worktree_a_submodule_and_a_folder_within(room: Room, git: Git) -> None:
    other = room.base / "other"
    git("worktree", "add", "--quiet", "--detach", str(other))
    (other / "within").mkdir()
    assert operation_under_way(other / "within", time.time()) == ""
    git("bisect", "start", "HEAD", "HEAD~1", where=other)
    assert "a bisect is under way" in operation_under_way(other / "within", time.time())
    assert operation_under_way(room.folder, time.time()) == ""
    git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(room.folder), "sub")
    git("bisect", "start", "HEAD", "HEAD~1", where=room.folder / "sub")
    assert "a bisect is under way" in operation_under_way(room.folder / "sub", time.time())
