"""Which files of the folder are read."""

from __future__ import annotations

from tests.unit.store_fixtures import Room, document, documents


def test_nested_folders_any_name_both_suffixes(room: Room) -> None:
    room.write("a.yaml", documents("one", "two"))
    room.write("deep/er/b.yml", document("three"))
    room.write("notes.txt", document("four"))
    assert not room.sync().errors
    assert room.names() == ["one", "three", "two"]


def test_hidden_and_temporary_files_are_passed_over(room: Room) -> None:
    room.write("a.yaml", document("one"))
    for path in (".git/x.yaml", ".a.yaml.swp", "a.yaml~", "#a.yaml#", ".#a.yaml", "4913", ".hidden.yaml"):
        room.write(path, document("no"))
    assert not room.sync().errors
    assert room.names() == ["one"]


def test_configmap_mount_is_read_once(room: Room) -> None:
    room.write("..2026_01/web.yaml", document("web"))
    (room.folder / "..data").symlink_to("..2026_01")
    (room.folder / "web.yaml").symlink_to("..data/web.yaml")
    assert not room.sync().errors
    assert room.row("web").file == "web.yaml"
    room.write("..2026_02/web.yaml", document("web", "runStrategy: Halted"))
    (room.folder / "..data_tmp").symlink_to("..2026_02")
    (room.folder / "..data_tmp").rename(room.folder / "..data")
    assert [k.name for k in room.sync().changed] == ["web"]


def test_linked_folders_without_loops_or_doubles(room: Room) -> None:
    room.write("real/a.yaml", document("one"))
    (room.folder / "again").symlink_to("real")
    (room.folder / "real" / "loop").symlink_to("..")
    (room.folder / "self.yaml").symlink_to("self.yaml")
    outside = room.base / "outside"
    outside.mkdir()
    (outside / "b.yaml").write_text(document("two"))
    (room.folder / "elsewhere").symlink_to(outside)
    report = room.sync()
    assert room.names() == ["one", "two"]
    assert [error.path for error in report.errors] == ["self.yaml"]
    assert room.row("one").file == "real/a.yaml"


def test_folder_behind_a_dangling_link_keeps_what_it_declared(room: Room) -> None:
    outside = room.base / "disk"
    outside.mkdir()
    (outside / "b.yaml").write_text(document("two"))
    (room.folder / "site").symlink_to(outside)
    room.write("a.yaml", document("one"))
    room.sync()
    outside.rename(room.base / "unmounted")
    report = room.sync()
    assert not report.deleted
    assert room.names() == ["one", "two"]
    assert "stays in force" in str(report.errors[0])


def test_a_pipe_does_not_stop_a_pass(room: Room) -> None:
    import os

    os.mkfifo(room.folder / "pipe.yaml")
    room.write("a.yaml", document("one"))
    room.sync()
    assert room.names() == ["one"]
