"""A folder that is committed in a git of its own, and whose edits are."""

from __future__ import annotations

import subprocess

import pytest

from tests.unit.store_fixtures import Room, document


def run(room: Room, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(room.folder), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit_all(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commits machine `web`, as somebody whom no configuration of ours knows."""
    monkeypatch.setenv("HOME", str(room.base))
    room.write("web.yaml", document("web"))
    run(room, "init", "--quiet")
    run(room, "config", "user.email", "somebody@example.org")
    run(room, "add", ".")
    run(room, "-c", "user.name=somebody", "commit", "--quiet", "-m", "Add web")
    room.commit = True
