"""What may still declare a resource keeps it, until the doubt ends or somebody confirms."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.store_fixtures import Room, document, documents, key

LIST = "apiVersion: v1\nkind: List\nitems: {}\n"


def commented(text: str) -> str:
    return "".join(f"# {line}\n" for line in text.splitlines())


SAYS_NOTHING: dict[str, str | bytes] = {
    "no bytes": "",
    "white space": "\n  \n",
    "comments only": commented(document("m")),
    "dashes only": "---\n",
    "null": "null\n",
    "dashes and null": "---\nnull\n",
    "several nothings": "---\n# one\n---\n~\n",
    "a List of nothing": LIST.format("[]"),
    "a List without items": LIST.format(""),
    "a List of nulls": LIST.format("[null, null]"),
    "another encoding": document("m").encode("utf-16"),
    "latin-1": document("m").encode().replace(b"Always", b"Alw\xe4ys"),
    "a wrong kind": document("m").replace("VirtualMachine", "VirtualMachin"),
    "a wrong apiVersion": document("m").replace("homeostat.dev", "homestat.dev"),
    "another's apiVersion": document("m").replace("homeostat.dev/v1alpha1", "kubevirt.io/v1"),
    "a wrong apiVersion and kind": document("m").replace("homeostat.dev", "vm.example").replace("VirtualMachine", "Machine"),
    "a typo in the name": document("mm"),
    "a name that is none": document("M m"),
    "no name": document("m").replace("name:", "nam:"),
    "a syntax error": "x: [\n",
    "half of it": document("m")[:60],
    "a number": "42\n",
    "another program's values": "image: {tag: v2}\n",
}


@pytest.mark.parametrize("content", SAYS_NOTHING.values(), ids=SAYS_NOTHING)
def test_chaos_2d_a_file_that_says_nothing_certain_keeps_what_it_declared(room: Room, content: str | bytes) -> None:
    room.write("m.yaml", document("m"))
    room.write("other.yaml", document("other"))
    room.sync()
    room.write("m.yaml", content)
    for store in (room.store, room.reopened()):
        report = store.sync()
        assert report.deleted == ()
        told = [error for error in room.store.errors() if (error.path, error.key) == ("m.yaml", key("m"))]
        assert told, room.said()
        if report.held:  # else it is a plain error: the document says whose it is
            assert "homeostat apply --prune" in told[-1].message and "homeostat delete vm m" in told[-1].message
    room.write("m.yaml", document("m", "runStrategy: Halted"))
    assert room.sync().changed == (key("m"),)
    assert room.said() == []


def to_null(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/null")


def to_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def to_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def to_dangling_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere.yaml")


def far_down(path: Path) -> None:
    deep = path.parent.joinpath(*["d"] * 40)
    deep.mkdir(parents=True)
    path.rename(deep / path.name)


@pytest.mark.parametrize("harm", [to_null, to_pipe, to_folder, to_dangling_link, far_down])
def test_chaos_2d_what_is_no_file_any_more_keeps_what_it_declared(room: Room, harm: Callable[[Path], None]) -> None:
    path = room.write("m.yaml", document("m"))
    room.write("other.yaml", document("other"))
    room.sync()
    harm(path)
    for store in (room.store, room.reopened()):
        assert store.sync().deleted == ()
    assert "m" in room.names()
    assert room.said()


def test_chaos_2a_two_files_merged_without_dashes(room: Room) -> None:
    for name in ("a", "b", "c"):
        room.write(f"{name}.yaml", document(name))
    room.sync()
    room.write("all.yaml", document("a") + document("b"))
    for name in ("a", "b"):
        (room.folder / f"{name}.yaml").unlink()
    assert set(room.sync().held) == {key("b")}
    assert room.names() == ["a", "b", "c"]
    room.write("all.yaml", documents("a", "b"))
    assert (room.sync().deleted, room.said()) == ((), [])


def test_chaos_2a_while_they_are_parted_again_neither_goes(room: Room) -> None:
    """The file of both is taken away a moment before each has its own again: the time of doubt is no settling time."""
    for name in ("a", "b"):
        room.write(f"{name}.yaml", document(name))
    room.sync(0.05)
    (room.folder / "all.yaml").write_text(document("a") + document("b"))
    for name in ("a", "b"):
        (room.folder / f"{name}.yaml").unlink()
    room.sync(0.05)
    begun = dict(room.store.intake._absences._since)
    (room.folder / "all.yaml").unlink()
    room.write("other.yaml", document("c"))
    room.sync(60.0)
    since = room.store.intake._absences._since
    assert since[key("b")][1] > begun[key("b")][1], "counted anew"
    assert {"a", "b"} <= set(room.names())


def test_chaos_2b_a_text_moved_into_a_broken_file(room: Room) -> None:
    room.write("a.yaml", document("a"))
    room.write("b.yaml", document("b"))
    room.sync()
    room.write("b.yaml", "x: [\n" + document("b") + document("a"))
    (room.folder / "a.yaml").unlink()
    assert set(room.sync().held) == {key("a"), key("b")}
    assert any("b.yaml:" in reason for reason in room.store.held().values())


def test_a_document_of_several_that_says_nothing(room: Room) -> None:
    room.write("a.yaml", documents("one", "two", "three"))
    room.sync()
    for nothing in (commented(document("two")), "null\n", ""):
        room.write("a.yaml", document("one") + "---\n" + nothing + "---\n" + document("three"))
        assert set(room.sync().held) == {key("two")}
    room.write("a.yaml", documents("one", "three"))
    assert room.sync().deleted == (key("two"),)


def test_another_programs_values_in_the_folder_are_no_doubt(room: Room) -> None:
    room.write("a.yaml", documents("one", "two"))
    room.write("values.yaml", "image: {tag: v2}\n")
    room.write("Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n")
    room.sync()
    room.write("a.yaml", document("one"))
    assert room.sync().deleted == (key("two"),)
    room.write("values.yaml", "apiVersion: homeostat.dev/v1alpha1\n")  # what is left of one of ours
    room.write("a.yaml", "# nothing\n")
    assert "values.yaml:1 is wrong, and may hold it" in room.sync().held[key("one")]


def test_a_last_line_of_dashes_begins_nothing(room: Room) -> None:
    room.write("a.yaml", documents("one", "two") + "---\n")
    room.sync()
    room.write("a.yaml", document("one") + "---\n")
    assert room.sync().deleted == (key("two"),)


def test_a_document_of_another_system_in_the_file_is_no_doubt(room: Room) -> None:
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: lb}\n"
    room.write("a.yaml", document("one") + "---\n" + service)
    room.write("b.yaml", document("two"))
    room.sync()
    room.write("a.yaml", service)
    assert room.sync().deleted == (key("one"),)


def test_a_new_name_in_the_same_place_is_asked_about_and_the_next_place_is_not(room: Room) -> None:
    room.write("a.yaml", documents("one", "two", "three"))
    room.sync()
    room.write("a.yaml", documents("two", "three"))  # another one moves up
    assert room.sync().deleted == (key("one"),)
    room.write("a.yaml", documents("tow", "three"))
    assert "a.yaml says tow where it said two" in room.sync().held[key("two")]
    assert "says tow" in room.reopened().sync().held[key("two")]
    room.write("a.yaml", document("three"))  # and both are taken out
    assert set(room.sync().deleted) == {key("two"), key("tow")}


def test_a_folder_that_is_another_one_may_lack_its_disk(room: Room) -> None:
    room.write("site/east/m.yaml", document("m"))
    room.write("other.yaml", document("other"))
    room.sync()
    (room.folder / "site").rename(room.base / "unmounted")
    (room.folder / "site").mkdir()  # what lay below the mount
    for store in (room.store, room.reopened()):
        assert "site is another folder than it was" in store.sync().held[key("m")]
    (room.folder / "site").rmdir()
    (room.base / "unmounted").rename(room.folder / "site")
    assert (room.sync().deleted, room.said()) == ((), [])
    (room.folder / "site" / "east" / "m.yaml").unlink()
    assert room.sync().deleted == (key("m"),)


def test_confirming_lets_what_was_held_go_and_says_why_it_was(room: Room) -> None:
    room.write("a.yaml", documents("a", "b", "c"))
    room.sync()
    room.write("a.yaml", document("a") + "---\n# b\n---\n" + document("c"))
    assert room.sync(0.0).held
    assert room.store.confirm_prune().deleted == (key("b"),)
    assert not room.store.held() and room.said() == []


def test_one_that_is_held_can_be_deleted_by_name(room: Room) -> None:
    room.write("a.yaml", document("a"))
    room.write("b.yaml", document("b"))
    room.sync()
    room.write("a.yaml", "x: [\n")
    (room.folder / "b.yaml").unlink()
    room.sync()
    assert room.store.delete(key("b"), "cli").deleting
    assert room.store.delete(key("a"), "cli").deleting  # its document cannot be read, so there is nothing to edit
    assert room.names() == []
    assert (room.folder / "a.yaml").read_text() == "x: [\n"


@pytest.mark.parametrize("below", ["", "east/"], ids=["itself", "a folder in it"])
def test_the_next_target_of_a_link_may_lack_a_document_but_not_all(room: Room, below: str) -> None:
    """A link that is put on the next release, as git-sync does: one that is empty is no release."""
    link = room.folder / "current"
    for release, name in (("v1", "m"), ("v2", "n")):
        (room.base / release / below).mkdir(parents=True)
        (room.base / release / below / f"{name}.yaml").write_text(document(name))
    (room.base / "v3" / below).mkdir(parents=True)
    room.write("other.yaml", document("other"))

    def put_on(release: str) -> None:
        link.unlink(missing_ok=True)
        link.symlink_to(room.base / release)

    put_on("v1")
    room.sync()
    put_on("v2")
    assert room.sync().deleted == (key("m"),)
    put_on("v3")
    for store in (room.store, room.reopened()):
        assert f"{f'current/{below}'.rstrip('/')} is another folder than it was" in store.sync().held[key("n")]
    put_on("v2")
    (room.base / "v2" / below / "n.yaml").unlink()  # out of the very folder it stood in
    synced = room.sync()
    assert synced.deleted == (key("n"),), synced.held
