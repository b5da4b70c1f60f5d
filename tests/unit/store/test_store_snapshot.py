"""Reading a file or a folder without an index."""

from __future__ import annotations

from tests.unit.read_source import read_source
from tests.unit.store_fixtures import Room, document


def test_a_file_with_its_paths_made_absolute(room: Room) -> None:
    file = room.write("sub/a.yaml", document("one", "boot: {kernel: {path: ../vmlinuz}}") + "---\n" + document("two", "x: 1"))
    resources, errors = read_source(file)
    assert [r.dump()["spec"] for r in resources] == [{"boot": {"kernel": {"path": str(room.folder / "vmlinuz")}}}]
    assert [str(error).split(": ")[0] for error in errors] == ["a.yaml:13:3"]


def test_a_folder(room: Room) -> None:
    room.write("a.yaml", document("one"))
    room.write("b/b.yaml", document("two"))
    resources, errors = read_source(room.folder)
    assert ([r.metadata.name for r in resources], errors) == (["one", "two"], [])
    assert not room.state.index.exists()


def test_a_place_that_is_not_there(room: Room) -> None:
    for name in ("nowhere", "nowhere.yaml"):
        resources, errors = read_source(room.folder / name)
        assert not resources
        assert "no such file" in str(errors[0])
