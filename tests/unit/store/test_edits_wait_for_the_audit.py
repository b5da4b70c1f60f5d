"""Whatever is edited past the API waits for the audit: whose it was, which way it came, which fields. What the API edits does
not: whoever asks it to notes that himself."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from homeostat.models.base import Key
from homeostat.store.files.store import FilesStore
from homeostat.store.index import unaudited
from homeostat.store.index.unaudited import Editor
from tests.unit.store_fixtures import Room, document, documents, key

Told = tuple[str, str, str, str, str, str]


def waiting(room: Room) -> list[Told]:
    found = unaudited.read(room.store.index, 100)
    return [(e.editor.how, e.editor.author, e.editor.place, e.verb, e.key.name, e.message) for e in found]


@pytest.fixture
def begun(room: Room) -> Room:
    """Has taken the folder in, and nothing waits."""
    room.write("web.yaml", documents("web"))
    room.sync()
    unaudited.forget(room.store.index, 1)
    return room


def test_what_a_new_index_finds_is_nobodys_change(room: Room) -> None:
    room.write("web.yaml", documents("web", "db"))
    room.sync()
    assert waiting(room) == [("folder", "", "", "take in", "", "found 2 resources, of which nothing was known before")]
    room.sync()
    assert len(waiting(room)) == 1


def test_files_that_somebody_edited(begun: Room) -> None:
    begun.write("web.yaml", document("web", "runStrategy: Halted", annotation="a: b"))
    begun.write("db.yaml", document("db"))
    begun.sync()
    (begun.folder / "db.yaml").unlink()
    begun.clock.forward(minutes=5)
    begun.sync()
    assert waiting(begun) == [
        ("folder", "", "db.yaml", "create", "db", ""),
        ("folder", "", "web.yaml", "change", "web", "spec.runStrategy, metadata.annotations"),
        ("folder", "", "db.yaml", "delete", "db", ""),
    ]
    begun.write("web.yaml", "# a remark\n" + document("web", "runStrategy: Halted", annotation="a: b"))
    begun.sync()
    assert len(waiting(begun)) == 3, "it says the same"


def test_what_the_api_edits(begun: Room) -> None:
    begun.store.patch(key("web"), {"spec": {"runStrategy": "Halted"}}, "bob")
    begun.store.create("VirtualMachine", {"metadata": {"name": "db"}}, "cli")
    begun.store.delete(key("web"), "operator")
    begun.sync()
    assert waiting(begun) == []


def test_what_commands_edit(begun: Room) -> None:
    commands = FilesStore.open(begun.folder, begun.state, editor=Editor("cli", "alice"))
    commands.patch(key("web"), {"spec": {"runStrategy": "Halted"}}, "cli")
    commands.create("VirtualMachine", {"metadata": {"name": "db"}}, "cli")
    begun.write("other.yaml", document("other"))
    commands.delete(key("web"), "cli")
    commands.close()
    assert waiting(begun) == [
        ("cli", "alice", "", "change", "web", "spec.runStrategy"),
        ("cli", "alice", "", "create", "db", ""),
        ("folder", "", "other.yaml", "create", "other", ""),
        ("cli", "alice", "", "delete", "web", ""),
    ]


@pytest.fixture
def git(begun: Room, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    monkeypatch.setenv("HOME", str(begun.base))

    def run(*arguments: str) -> str:
        who = ("-c", "user.name=Eve", "-c", "user.email=eve@example.org")
        done = subprocess.run(["git", "-C", str(begun.folder), *who, *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    run("init", "--quiet")
    return run


def test_what_was_committed_has_its_author(begun: Room, git: Callable[..., str]) -> None:
    begun.write("web.yaml", document("web", "runStrategy: Halted"))
    begun.write("db.yaml", document("db"))
    git("add", "web.yaml")
    git("commit", "--quiet", "-m", "Halt web", "--author=Bob <bob@example.org>")
    begun.sync()
    commit = git("rev-parse", "HEAD")[:12]
    assert waiting(begun) == [
        ("folder", "", "db.yaml", "create", "db", ""),
        ("git", "Bob <bob@example.org>", f"web.yaml, commit {commit}", "change", "web", "spec.runStrategy"),
    ]
    git("rm", "--quiet", "web.yaml")
    git("commit", "--quiet", "-m", "Remove web")
    begun.clock.forward(minutes=5)
    begun.sync()
    assert waiting(begun)[-1][:2] == ("git", "Eve <eve@example.org>")


def test_nobody_reads_one_before_git_has_said_whose_it_is(begun: Room) -> None:
    index = begun.store.index
    for name, ready in (("one", True), ("two", False), ("three", True)):
        with index.transaction() as database:
            unaudited.add(database, "2026-01-01T00:00:00Z", key(name), Editor("folder"), "change", ready=ready)
    assert [told[4] for told in waiting(begun)] == ["one"]
    begun.sync()  # whoever was asking was killed, since he held the lock
    assert [told[4] for told in waiting(begun)] == ["one", "two", "three"]


def test_an_index_of_before_gets_the_table(begun: Room) -> None:
    index = begun.store.index
    with index.transaction() as database:
        database.execute("DROP TABLE unaudited")
        database.execute("DELETE FROM settings WHERE name='unaudited'")
    begun.reopened()
    begun.write("web.yaml", document("web", "runStrategy: Halted"))
    begun.sync()
    assert [told[4] for told in waiting(begun)] == ["web"]


def test_without_an_audit_the_newest_stay(begun: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unaudited, "KEPT_MAX", 10)
    with begun.store.index.transaction() as database:
        for _ in range(600):
            unaudited.add(database, "2026-01-01T00:00:00Z", Key("Disk", "default", "data"), Editor("folder"), "change")
    assert len(unaudited.read(begun.store.index, 1000)) <= 10 + 256
