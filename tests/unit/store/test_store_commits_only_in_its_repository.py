"""An edit that the folder's own git cannot commit is said to be uncommitted, and no commit is named as its own."""

from __future__ import annotations

import subprocess

import pytest

from tests.unit.committed import commit_all, run
from tests.unit.store_fixtures import Room, document, key

HALTED = {"spec": {"runStrategy": "Halted"}}


@pytest.fixture
def committed(room: Room, monkeypatch: pytest.MonkeyPatch) -> Room:
    commit_all(room, monkeypatch)
    return room


def test_a_file_in_a_submodule(committed: Room) -> None:
    theirs = committed.base / "theirs"
    subprocess.run(["git", "clone", "--quiet", committed.folder, theirs], check=True)
    (theirs / "web.yaml").rename(theirs / "db.yaml")
    (theirs / "db.yaml").write_text(document("db"))
    identity = ("-c", "user.name=them", "-c", "user.email=them@example.org")
    subprocess.run(["git", "-C", theirs, "add", "."], check=True)
    subprocess.run(["git", "-C", theirs, *identity, "commit", "--quiet", "-m", "Add db"], check=True)
    run(committed, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(theirs), "sub")
    run(committed, *identity, "commit", "--quiet", "-m", "Add sub")
    committed.store.patch(key("db"), HALTED, "api")
    event = committed.store.events()[-1]
    assert event.reason == "CommitFailed" and "sub/db.yaml was written, but not committed: it lies in another" in event.message
    assert committed.store.revisions(key("db"))[0].commit is None
    assert run(committed, "-C", "sub", "status", "--porcelain") == "M db.yaml"


def test_a_file_that_git_ignores(committed: Room) -> None:
    committed.write(".gitignore", "own.yaml")
    committed.write("own.yaml", document("own"))
    committed.store.patch(key("own"), HALTED, "api")
    assert committed.store.revisions(key("own"))[0].commit is None
    assert run(committed, "log", "--format=%s") == "Add web"
