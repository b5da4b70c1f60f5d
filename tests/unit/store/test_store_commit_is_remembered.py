"""Whether edits are committed is asked for once, and holds for every process that edits."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from homeostat.store.files.state import StateFolder
from homeostat.store.files.store import FilesStore

GIT = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]


@pytest.fixture
def work_tree(tmp_path: Path) -> Path:
    folder = tmp_path / "machines"
    folder.mkdir()
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "begin"]):
        subprocess.run([*GIT, *command], cwd=folder, check=True)
    return folder


def subjects(folder: Path) -> list[str]:
    log = subprocess.run(["git", "log", "--format=%s"], cwd=folder, check=True, capture_output=True, text=True)
    return log.stdout.splitlines()


def edit(folder: Path, state: Path, name: str) -> None:
    store = FilesStore.open(folder, StateFolder.open(state))
    try:
        store.create("VirtualMachine", {"metadata": {"name": name}, "spec": {}}, "api")
    finally:
        store.close()


def test_another_process_commits_once_it_was_asked_for(work_tree: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    edit(work_tree, state, "before")
    assert subjects(work_tree) == ["begin"]
    owner = FilesStore.open(work_tree, StateFolder.open(state), owner=True)
    owner.committer.turn(True)
    edit(work_tree, state, "after")
    assert subjects(work_tree)[0] == "Create VirtualMachine/default/after"
    owner.committer.turn(False)
    owner.close()
    edit(work_tree, state, "later")
    assert len(subjects(work_tree)) == 2
