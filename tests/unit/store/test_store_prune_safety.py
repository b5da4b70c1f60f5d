"""Nothing is taken for removed by accident."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.unit.store_fixtures import Room, document, documents, key


def names(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


def test_a_removed_document_starts_a_deletion(room: Room) -> None:
    room.write("a.yaml", documents("one", "two"))
    room.sync()
    room.write("a.yaml", document("one"))
    assert room.sync().deleted == (key("two"),)
    row = room.row("two")
    assert (row.deleted, row.grace) == ("2026-01-01T00:00:00.000Z", None)
    assert room.sync().deleted == ()


def test_an_empty_folder_needs_a_confirmation(room: Room) -> None:
    file = room.write("a.yaml", document("one"))
    room.sync()
    file.unlink()
    report = room.sync()
    assert (report.deleted, set(report.held)) == ((), {key("one")})
    assert "homeostat apply --prune" in room.said()[0]
    assert set(room.store.held()) == {key("one")}
    assert room.store.confirm_prune().deleted == (key("one"),)
    assert not room.store.held()
    assert room.said() == []


def test_what_went_with_all_of_a_folder_stays_when_something_else_comes_into_it(room: Room) -> None:
    """As when a mount has gone, and somebody writes into what is below it."""
    file = room.write("a.yaml", documents("one", "two"))
    room.sync()
    file.unlink()
    assert set(room.sync().held) == {key("one"), key("two")}
    room.write("b.yaml", document("three"))
    report = room.sync()
    assert (report.created, report.deleted, set(report.held)) == ((key("three"),), (), {key("one"), key("two")})
    assert "it went with all that the folder held" in room.said()[0] and "apply --prune" in room.said()[0]
    room.reopened()
    assert room.sync().deleted == ()
    shutil.move(room.folder, room.base / "away")
    room.sync()
    shutil.move(room.base / "away", room.folder)
    assert room.sync().deleted == ()
    room.write("c.yaml", document("one"))  # one comes back: that is none that has gone with all
    assert set(room.sync().held) == {key("two")}
    (room.folder / "c.yaml").unlink()
    assert room.sync().deleted == (key("one"),)
    assert room.store.confirm_prune().deleted == (key("two"),)


def test_what_went_with_all_of_a_folder_while_nobody_looked_stays(room: Room) -> None:
    """As when the folder is emptied, and a file written into it, while the operator is off."""
    for name in ("one", "two"):
        room.write(f"{name}.yaml", document(name))
    room.sync()
    for name in ("one", "two"):
        (room.folder / f"{name}.yaml").unlink()
    room.write("three.yaml", document("three"))
    room.reopened()
    report = room.sync()
    assert (report.created, report.deleted, set(report.held)) == ((key("three"),), (), {key("one"), key("two")})
    assert "it went with all that the folder held" in room.said()[0] and "apply --prune" in room.said()[0]
    room.write("four.yaml", document("four"))
    room.reopened()
    assert room.sync().deleted == ()
    assert set(room.store.confirm_prune().deleted) == {key("one"), key("two")}


def test_what_went_with_all_of_a_folder_while_nobody_looked_stays_when_it_has_settled(room: Room) -> None:
    """The operator, or a command, waits first."""
    for name in ("one", "two"):
        room.write(f"{name}.yaml", document(name))
    room.sync()
    for name in ("one", "two"):
        (room.folder / f"{name}.yaml").unlink()
    room.write("three.yaml", document("three"))
    room.reopened()
    assert room.sync(60.0).deleted == room.sync(60.0).deleted == ()
    assert set(room.sync().held) == {key("one"), key("two")}


def test_a_new_name_for_all_that_the_folder_holds_goes_where_somebody_looks(room: Room) -> None:
    room.write("one.yaml", document("one"))
    room.sync()
    (room.folder / "one.yaml").unlink()
    room.write("three.yaml", document("three"))
    room.sync(60.0)
    assert room.sync().deleted == (key("one"),)


def test_what_went_beside_others_that_stay_goes(room: Room) -> None:
    for name in ("one", "two"):
        room.write(f"{name}.yaml", document(name))
    room.sync()
    (room.folder / "one.yaml").unlink()
    room.write("three.yaml", document("three"))
    room.reopened()
    assert room.sync().deleted == (key("one"),)


def test_all_that_went_from_a_file_that_is_still_there_is_another_doubt(room: Room) -> None:
    """Its place says something else, whole and valid."""
    room.write("a.yaml", documents("one", "two"))
    room.sync()
    room.write("a.yaml", document("three"))
    assert set(room.sync().held) == {key("one")} and "went with all" not in room.said()[0]
    assert room.names() == ["one", "three"]


def test_what_went_with_all_of_a_folder_settles_anew_once_something_is_in_it(room: Room) -> None:
    """Nobody was told of it yet: as when a folder is emptied and filled again by a program."""
    file = room.write("a.yaml", documents("one", "two"))
    room.sync(60.0)
    file.unlink()
    room.sync(60.0)
    since = {absent: place for absent, place in room.store.intake._absences._since.items()}
    room.write("b.yaml", document("one"))
    room.sync(60.0)
    assert not room.store.held() and room.names() == ["one", "two"]
    assert room.store.intake._absences._since[key("two")] != since[key("two")]
    assert room.sync(0.0).deleted == (key("two"),)


def test_a_vanished_folder_deletes_nothing(room: Room) -> None:
    room.write("a.yaml", document("one"))
    room.sync()
    shutil.move(room.folder, room.base / "away")
    assert room.sync().deleted == ()
    assert "Nothing is deleted" in room.said()[0]
    room.reopened()
    assert room.sync().deleted == ()
    shutil.move(room.base / "away", room.folder)
    assert room.sync().errors == ()
    assert room.names() == ["one"]


def test_more_than_ten_and_more_than_half_is_refused_as_a_whole(room: Room) -> None:
    room.write("a.yaml", documents(*names("a", 11)))
    room.write("b.yaml", documents(*names("b", 10)))
    room.sync()
    (room.folder / "a.yaml").unlink()
    report = room.sync()
    assert (len(report.held), report.deleted) == (11, ())
    assert "11 of 21 resources would be deleted at once" in room.said()[0]
    assert len(room.names()) == 21
    room.write("a.yaml", documents(*names("a", 5)))  # six gone: within the budget
    assert len(room.sync().deleted) == 6
    assert not room.store.held()


def test_a_confirmation_allows_exactly_what_was_shown(room: Room) -> None:
    room.write("a.yaml", documents(*names("a", 20)))
    room.write("b.yaml", documents("b0", "b1"))
    room.sync()
    (room.folder / "a.yaml").unlink()
    shown = room.sync().held
    room.write("b.yaml", document("b0"))  # one more goes after the question was asked
    report = room.store.confirm_prune(shown)
    assert (report.deleted, len(report.held)) == ((), 21)
    assert len(room.store.confirm_prune().deleted) == 21


def test_up_to_half_needs_none(room: Room) -> None:
    room.write("a.yaml", documents(*names("a", 12)))
    room.write("b.yaml", documents(*names("b", 12)))
    room.sync()
    (room.folder / "a.yaml").unlink()
    assert len(room.sync().deleted) == 12


def test_annotation_keeps_a_resource(room: Room) -> None:
    room.write("a.yaml", document("one", annotation='homeostat.dev/prune: "disabled"') + "---\n" + document("two"))
    room.sync()
    room.write("a.yaml", document("two"))
    assert room.sync().deleted == ()
    assert "is declared nowhere any more" in room.said()[0]
    assert room.store.delete(key("one"), "cli").deleting


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_an_emptied_file_keeps_what_it_declared(room: Room, content: bytes) -> None:
    room.write("a.yaml", document("one"))
    room.write("b.yaml", document("two"))
    room.sync()
    room.write("a.yaml", content)
    assert room.sync().deleted == ()
    assert "a.yaml is empty" in room.said()[0]
    assert room.reopened().sync().deleted == ()


def test_what_was_commented_out_goes_once_that_is_confirmed(room: Room) -> None:
    room.write("a.yaml", document("one"))
    room.write("b.yaml", document("two"))
    room.sync()
    room.write("a.yaml", "".join(f"# {line}\n" for line in document("one").splitlines()))
    assert room.sync().deleted == ()
    assert "a.yaml says nothing any more" in room.said()[0]
    assert room.store.confirm_prune().deleted == (key("one"),)


@pytest.mark.parametrize("broken", ["spec: [", "name: x\n", document("one").replace("name:", "nam:")])
def test_a_document_that_cannot_be_told_keeps_all_of_its_file(room: Room, broken: str) -> None:
    room.write("a.yaml", documents("one", "two"))
    room.write("b.yaml", document("three"))
    room.sync()
    room.write("a.yaml", document("two") + "---\n" + broken)
    assert room.sync().deleted == ()
    assert room.names() == ["one", "three", "two"]


def test_a_foreign_version_in_our_document_is_an_error_not_a_removal(room: Room) -> None:
    room.write("a.yaml", documents("one", "two"))
    room.sync()
    room.write("a.yaml", document("one").replace("homeostat.dev/v1alpha1", "kubevirt.io/v1") + "---\n" + document("two"))
    assert room.sync().deleted == ()
    assert "write homeostat.dev/v1alpha1" in room.said()[0]


def test_an_invalid_document_keeps_its_last_good_spec(room: Room) -> None:
    room.write("a.yaml", document("one", "resources: {vcpu: 2}"))
    room.sync()
    room.write("a.yaml", document("one", "resources: {vcpu: two}"))
    room.sync()
    assert (room.row("one").generation, room.row("one").spec) == (1, '{"resources":{"vcpu":2}}')
    assert room.store.errors()[0].key == key("one")
    room.write("a.yaml", document("one", "resources: {vcpu: 3}"))
    room.sync()
    assert (room.row("one").generation, room.said()) == (2, [])


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root reads everything")
def test_an_unreadable_file_keeps_what_it_declared(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    from homeostat.store.files.reading import files

    room.write("a.yaml", document("one"))
    room.write("b.yaml", document("two"))
    room.sync()
    room.write("a.yaml", document("one", "runStrategy: Halted"))

    def refuse(path: str) -> bytes:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(files, "read_file", refuse)  # the tests run as root, whom no mode stops
        assert room.sync().deleted == ()
        assert "cannot be read: permission denied" in room.said()[0]
    assert room.sync().changed == (key("one"),)


@pytest.mark.parametrize(
    ("name", "shown"),
    [(b"n\xe9w.yaml", "n\ufffdw.yaml has a name that is not UTF-8"), (b"n\x07.yaml", "has a name with control characters")],
)
def test_what_may_be_in_a_file_whose_name_cannot_be_shown_stays(room: Room, name: bytes, shown: str) -> None:
    room.write("a.yaml", document("one"))
    room.write("b.yaml", document("two"))
    room.sync()
    os.rename(room.folder / "a.yaml", os.fsencode(room.folder) + b"/" + name)
    assert room.sync().deleted == ()
    assert any(f"{shown}: rename it, so it may be in there" in said for said in room.said()), room.said()


@pytest.mark.parametrize("place", ["", "virtualmachines/"], ids=["beside them", "in a folder that goes with it"])
def test_what_was_written_below_a_mount_that_was_away_stays_when_that_is_back(room: Room, place: str) -> None:
    """A request, say, made a machine meanwhile: its document is hidden then."""
    room.write("a.yaml", documents("one", "two"))
    room.sync()
    shutil.move(room.folder, room.base / "mounted")
    room.folder.mkdir()
    room.sync()
    hidden = room.write(f"{place}b.yaml", document("three"))
    assert room.sync().created == (key("three"),)
    shutil.move(room.folder, room.base / "below")
    shutil.move(room.base / "mounted", room.folder)
    for store in (room.store, room.reopened()):
        report = store.sync()
        assert (report.deleted, set(report.held)) == ((), {key("three")})
    assert "which may hide it" in room.said()[0] and "homeostat delete vm three" in room.said()[0]
    file = room.write("b.yaml", (room.base / "below" / hidden.relative_to(room.folder)).read_text())  # it is brought over
    assert (room.sync().deleted, room.said()) == ((), [])
    file.unlink()
    assert room.sync().deleted == (key("three"),)


def test_what_was_written_below_a_mount_within_stays_when_that_is_back(room: Room) -> None:
    room.write("other.yaml", document("other"))
    room.write("site/a.yaml", document("one"))
    room.sync()
    shutil.move(room.folder / "site", room.base / "mounted")
    room.write("site/b.yaml", document("two"))
    assert room.sync().created == (key("two"),)
    shutil.move(room.folder / "site", room.base / "below")
    shutil.move(room.base / "mounted", room.folder / "site")
    assert set(room.sync().held) == {key("two")}
    assert room.store.confirm_prune().deleted == (key("two"),)
