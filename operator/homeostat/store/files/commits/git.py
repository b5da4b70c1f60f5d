"""Commits edits where the folder is a git work tree, and asks git who wrote what. It uses no shell, and commits no other path."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TIMEOUT = 20.0
"""Seconds for one call of git. A hook may take a while, but a hanging one must not block the folder."""

ENDING = 5.0
"""Seconds that git has to end after that, and to take its locks away."""

STALE_LOCK = 60.0
"""Seconds after which index.lock was more likely left by a git that was killed."""

LOCK_WAIT, LOCK_LOOK = 3.0, 0.1
"""Seconds to wait for a git of somebody else, who commits at the same time, to let go of index.lock, and between two looks."""

UNDER_WAY = {
    "rebase-merge": "a rebase", "rebase-apply": "a rebase or `git am`", "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick", "REVERT_HEAD": "a revert", "sequencer": "a cherry-pick or revert of several commits",
    "BISECT_LOG": "a bisect", "BISECT_START": "a bisect",
}  # fmt: skip
"""Files that git has while an operation is under way. Meanwhile the work tree is not what any commit of its branch has."""


class GitFailed(Exception):
    """git refused. The message is what it said. The edit itself is on disk."""


@dataclass(frozen=True, slots=True)
class LastCommit:
    commit: str
    author: str


def _run(folder: Path, *arguments: str) -> str:
    # Hooks of the repository run as they would for its owner. Our environment must not redirect git elsewhere.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        # A group of its own: what a hook started is ended together with git.
        running = subprocess.Popen(
            ["git", "-C", str(folder), "--literal-pathspecs", *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
            env=environment, process_group=0,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise GitFailed("git is not installed") from error
    with running:
        try:
            said, complained = running.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired as error:
            raise GitFailed(f"git did not finish within {TIMEOUT:.0f} s") from error
        finally:
            _end(running)
    if running.returncode:
        lines = [line.strip() for line in (complained or said).splitlines() if line.strip()]
        raise GitFailed("; ".join(lines) or f"git ended with status {running.returncode}")
    return said.strip()


def _run_alone(folder: Path, *arguments: str) -> str:
    """Runs what writes to the index, which one git at a time does."""
    deadline = time.monotonic() + LOCK_WAIT
    while True:
        try:
            return _run(folder, *arguments)
        except GitFailed as error:
            if "index.lock': File exists" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(LOCK_LOOK)


def _end(running: subprocess.Popen[str]) -> None:
    """Ends git and its hooks, if they run. git is asked first: killed, it would leave index.lock, which stops every later commit
    and holds every deletion."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        if running.poll() is not None:
            return
        os.killpg(running.pid, how)
        with suppress(subprocess.TimeoutExpired):
            running.wait(ENDING)


def git_folder(folder: Path) -> Path | None:
    """Returns the folder in which git stores the data of the work tree that ``folder`` is in. For worktrees and submodules it is
    elsewhere."""
    for parent in (folder, *folder.parents):
        mark = parent / ".git"
        if mark.is_dir():
            return mark
        try:
            named = mark.read_text(errors="surrogateescape")
        except OSError:
            continue
        if named.startswith("gitdir:"):
            return parent / named.removeprefix("gitdir:").strip()
    return None


def operation_under_way(folder: Path, now: float) -> str:
    """Says which operation of git is under way, and what ends it; empty: none. ``now``: seconds since the epoch.

    A detached HEAD is not one: some deployments always have it.
    """
    inside = git_folder(folder)
    if inside is None:
        return ""
    if operation := _operation(inside, folder):
        return operation
    age = _age_of_lock(inside, now)
    if age is None:
        return ""
    if age < STALE_LOCK:
        return f"git is at work ({inside / 'index.lock'})"
    return (
        f"git seems to be at work since {age / 60:.0f} minutes ({inside / 'index.lock'}): if no git runs, one was killed, "
        "and the file is left over: remove it"
    )


def is_at_work(folder: Path, now: float) -> bool:
    """Tells whether some git writes to the index, and was not killed long ago. ``now``: seconds since the epoch."""
    inside = git_folder(folder)
    age = None if inside is None else _age_of_lock(inside, now)
    return age is not None and age < STALE_LOCK


def _age_of_lock(inside: Path, now: float) -> float | None:
    """Returns the seconds since index.lock was made. None: there is none."""
    try:
        return now - (inside / "index.lock").stat().st_mtime
    except OSError:
        return None


def _operation(inside: Path, folder: Path) -> str:
    found = next((words for name, words in UNDER_WAY.items() if (inside / name).exists()), "")
    place = inside.parent if inside.name == ".git" else folder
    return f"{found} is under way in {place}: finish or abort it" if found else ""


def is_work_tree(folder: Path) -> bool:
    try:
        return within_work_tree(folder)
    except GitFailed:
        return False


def within_work_tree(folder: Path) -> bool:
    """Tells whether the folder is a work tree or lies in one.

    Raises:
        GitFailed: it looks like one, and git does not say so, as of a repository that belongs to another user.
    """
    # It looks for .git first: most folders have none, and starting git takes milliseconds.
    if not any((parent / ".git").exists() for parent in (folder.resolve(), *folder.resolve().parents)):
        return False
    return _run(folder, "rev-parse", "--is-inside-work-tree") == "true"


def uncommitted(folder: Path, paths: Collection[str]) -> list[str]:
    """Returns those of the paths that differ from what is committed. Returns none where the folder is not a work tree."""
    if not paths or not is_work_tree(folder):
        return []
    try:
        return [path for path in sorted(paths) if _run(folder, "status", "--porcelain", "--", path)]
    except GitFailed:
        return []


def commit(folder: Path, path: str, message: str, author: str) -> str | None:
    """Commits that one path (also its removal), and returns the id of the commit. None: git ignores the path, or never had what
    was removed.

    Raises:
        GitFailed: nothing was committed, because of a missing identity, a hook, a lock, or an operation under way: who gives up a
            rebase, or ends a bisect, would lose the commit, and with it the edit. Nor is what lies in another repository, whose
            HEAD is often a detached one. Nothing is staged then that was not staged before.
    """
    inside = git_folder(folder)
    if operation := _operation(inside, folder) if inside else "":
        raise GitFailed(operation)
    if (other := git_folder((folder / path).parent)) != inside:  # git itself would say that there is nothing to commit
        raise GitFailed(f"it lies in another repository, such as a submodule ({other})")
    identity = author if "<" in author else f"{author} <{author}@homeostat.invalid>"
    if not _run(folder, "status", "--porcelain", "--", path):
        return _run(folder, "rev-parse", "HEAD") if _run(folder, "ls-files", "--", path) else None
    named = () if _configured(folder) else ("-c", "user.name=Homeostat", "-c", "user.email=homeostat@localhost")
    new = not _run(folder, "ls-files", "--", path)
    if not (folder / path).exists() and not _is_committed(folder, path):  # added alone, as by one of us who was killed then
        _run_alone(folder, "rm", "--cached", "--force", "--quiet", "--", path)
        return None
    if new:
        _run_alone(folder, "add", "--intent-to-add", "--", path)
    try:
        _run_alone(folder, *named, "commit", "--quiet", f"--author={identity}", f"--message={message}", "--", path)
    except GitFailed:
        if new:
            _run_alone(folder, "rm", "--cached", "--quiet", "--", path)
        raise
    return _run(folder, "rev-parse", "HEAD")


def _is_committed(folder: Path, path: str) -> bool:
    """Tells whether HEAD has the path. Raises GitFailed: git cannot tell."""
    try:
        return bool(_run(folder, "ls-tree", "HEAD", "--", path))
    except GitFailed as error:
        if "Not a valid object name HEAD" not in str(error):  # before the first commit
            raise
        return False


def _configured(folder: Path) -> bool:
    try:
        return bool(_run(folder, "config", "user.email"))
    except GitFailed:
        return False


def last_commit(folder: Path, path: str) -> LastCommit | None:
    """Returns who wrote the file as it is. None: it differs from what was committed, or never was committed."""
    try:
        if _run(folder, "status", "--porcelain", "--", path):
            return None
        found = _run(folder, "log", "-1", "--format=%H%x09%an <%ae>", "--", path)
    except GitFailed:
        return None
    identifier, _, author = found.partition("\t")
    return LastCommit(identifier, author) if author else None
