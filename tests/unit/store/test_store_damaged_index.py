"""A damaged index is set aside and rebuilt from the YAML."""

from __future__ import annotations

import pytest

from homeostat.store.errors import IndexDamaged, ReadOnly, StateError
from homeostat.store.files.store import FilesStore
from homeostat.store.index.index import Index
from homeostat.store.index.schema import JSON
from tests.unit.store_fixtures import Room, document, documents, key


@pytest.mark.parametrize("damage", ["garbage", "middle", "truncated"])
def test_operator_rebuilds_it(room: Room, damage: str) -> None:
    room.write("all.yaml", documents(*(f"vm-{number}" for number in range(50))))
    room.sync()
    uid = room.row("vm-7").uid
    room.close()
    path = room.state.index
    content = path.read_bytes()
    half = len(content) // 2
    path.write_bytes(
        {
            "garbage": b"not a database at all " * 500,
            "middle": content[:4096] + b"\xff" * (len(content) - 8192) + content[-4096:],
            "truncated": content[:half],
        }[damage]
    )
    assert "has been moved to" in room.store.index.message
    assert room.sync().created
    assert room.row("vm-7").uid == uid
    assert [p.name for p in path.parent.glob("*.corrupt-*")] == ["index.sqlite.corrupt-20260101T000000Z"]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("table", "column"), [(table, column) for table, columns in JSON.items() for column in columns])
def test_texts_that_are_not_what_was_written_are_damage_too(room: Room, table: str, column: str) -> None:
    """A file that was cut may be whole to SQLite, with the texts of other rows, or nothing, in some."""
    room.write("all.yaml", documents("one", "two"))
    room.sync()
    uid = room.row("one").uid
    columns = "time, kind, namespace, name, type, reason, message, fields"
    room.store.index.connection.execute(f"INSERT INTO events ({columns}) VALUES ('', 'x', '', 'y', '', '', '', '{{}}')")
    room.store.index.connection.execute(f"UPDATE {table} SET {column} = ?", ('\0\0{"a":',))
    room.close()
    assert "has been moved to" in room.store.index.message
    assert room.sync().created == (key("one"), key("two")) and room.row("one").uid == uid


def test_a_reader_never_moves_it(room: Room) -> None:
    room.sync()
    room.close()
    room.state.index.write_bytes(b"garbage " * 1000)
    with pytest.raises(IndexDamaged, match="homeostat up"):
        FilesStore.open(room.folder, room.state)
    assert room.state.index.exists()


def test_a_newer_format_is_left_alone(room: Room) -> None:
    room.sync()
    room.store.index.connection.execute("PRAGMA user_version = 99")
    room.close()
    with pytest.raises(StateError, match="format 99"):
        Index.open(room.state.index, repair=True)


def test_no_space_is_said_and_nothing_is_half_done(room: Room) -> None:
    room.write("a.yaml", document("one"))
    room.sync()
    room.store.index.connection.execute("PRAGMA max_page_count = 1")
    room.write("b.yaml", documents(*(f"vm-{number}" for number in range(500))))
    with pytest.raises(ReadOnly, match="full"):
        room.sync()
    assert room.names() == ["one"]
    room.store.index.connection.execute("PRAGMA max_page_count = 1000000")
    assert len(room.sync().created) == 500


def test_a_deletion_that_only_the_folder_took_says_so(room: Room) -> None:
    file = room.write("a.yaml", document("one"))
    room.sync()
    index = room.store.index
    index.connection.execute("PRAGMA query_only = 1")
    with pytest.raises(
        ReadOnly, match=r"^a.yaml does not declare VirtualMachine/default/one any more, which goes once this is mended: "
    ):
        room.store.delete(key("one"), "api")
    assert not file.exists()


@pytest.mark.parametrize("change", ["create", "patch"])
def test_a_change_that_only_the_folder_took_says_so(room: Room, change: str) -> None:
    room.write("a.yaml", document("one"))
    room.sync()
    index = room.store.index
    index.connection.execute("PRAGMA query_only = 1")
    path = {"create": "virtualmachines/two.yaml", "patch": "a.yaml"}[change]
    with pytest.raises(ReadOnly, match=rf"^{path} is written, and counts once this is mended; put it back otherwise: "):
        if change == "create":
            room.store.create("VirtualMachine", {"metadata": {"name": "two"}, "spec": {}}, "api")
        else:
            room.store.patch(key("one"), {"spec": {"runStrategy": "Halted"}}, "api")
    index.connection.execute("PRAGMA query_only = 0")
    assert room.sync().errors == () and set(room.names()) == ({"one", "two"} if change == "create" else {"one"})


def test_a_folder_that_cannot_be_written(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import os

    from homeostat.store.files.editing import disk

    file = room.write("a.yaml", document("one"))
    room.sync()

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk.os, "fsync", full)
    with pytest.raises(ReadOnly, match="no space left on device; free some space"):
        room.store.patch(key("one"), {"spec": {"runStrategy": "Halted"}}, "api")
    with pytest.raises(ReadOnly):
        room.store.create("VirtualMachine", {"metadata": {"name": "two"}}, "api")
    monkeypatch.undo()
    assert file.read_text() == document("one")
    assert [name for _, _, names in os.walk(room.folder) for name in names] == ["a.yaml"]
