"""What is half written neither comes into force nor deletes anything; what is whole is taken in at once."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.store.errors import NotEditable
from homeostat.store.files.reading.unfinished import is_beginning
from tests.unit.store_fixtures import Room, document, documents, key

SPEC = ("runStrategy: Always", "resources: {vcpu: 16}", "nics:", "  - name: lan", "    network: default")
WHOLE = "---\n".join(document(name, *SPEC) for name in ("a", "b"))


def specs(room: Room) -> dict[str, str]:
    return {row.name: row.spec for row in room.store.rows() if row.deleted is None}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.booleans())
def test_chaos_2c_cut_anywhere_nothing_changes_before_the_file_is_whole(cut: int, still_open: bool) -> None:
    with tempfile.TemporaryDirectory() as base:
        room = Room(Path(base))
        try:
            path = room.write("all.yaml", WHOLE)
            room.sync()
            before = specs(room)
            with path.open("w") as file:
                file.write(WHOLE[:cut])
                if still_open:
                    file.flush()
                    assert not room.sync(0.0).changed
            report = room.sync(0.0)
            if not WHOLE[:cut].endswith("\n"):
                assert (report.changed, report.deleted, specs(room)) == ((), (), before)
            path.write_text(WHOLE)
            room.sync(0.0)
            assert (specs(room), room.said()) == (before, [])  # what had gone at once, without any settling, is kept
        finally:
            room.close()


def test_a_cut_document_does_not_come_into_force_however_long_it_stays(room: Room) -> None:
    room.write("a.yaml", document("a", *SPEC))
    room.sync()
    room.write("a.yaml", document("a", *SPEC)[:-3])
    assert room.sync(0.0).changed == ()
    assert "a.yaml:1:1: VirtualMachine/default/a ends here in the middle of what it was" in room.said()[0]
    room.write("a.yaml", document("a", *SPEC, "suspend: true").rstrip())  # ends without a newline too, yet says more
    assert room.sync(0.0).changed == (key("a"),)


@pytest.mark.parametrize("end", ["nics:\n", "nics:   # all of them\n\n"])
def test_a_key_that_waits_for_its_value_takes_nothing_away(room: Room, end: str) -> None:
    whole = document("a", *SPEC)
    beginning = whole.partition("nics:")[0]
    room.write("a.yaml", whole)
    room.sync()
    room.write("a.yaml", beginning + end)
    assert room.sync(0.0).changed == ()
    assert "write the rest" in room.said()[0]
    room.write("a.yaml", beginning + "nics: []\n")
    assert room.sync(0.0).changed == (key("a"),)


def test_chaos_2c_a_document_that_is_cut_between_two_lines_comes_into_force_only_once_it_has_stayed_so(room: Room) -> None:
    """Else a copy that is put right a second later has replaced the machines of a deployment."""
    whole = document("a", *SPEC)
    room.write("a.yaml", whole)
    room.sync()
    room.write("a.yaml", whole.partition("  nics:")[0])
    assert room.sync(60.0).changed == room.sync(60.0).changed == () and room.store.restless
    assert room.said() == [], "most are put right a moment later"
    room.write("a.yaml", whole)
    assert room.sync(60.0).changed == ()
    room.write("a.yaml", whole.partition("  nics:")[0])
    assert room.sync(60.0).changed == ()
    assert room.sync(0.0).changed == (key("a"),)


def test_a_document_that_says_something_else_comes_into_force_at_once(room: Room) -> None:
    room.write("a.yaml", document("a", *SPEC))
    room.sync()
    room.write("a.yaml", document("a", *SPEC[:-1], "    network: lab"))
    assert room.sync(60.0).changed == (key("a"),)


def test_a_file_without_a_last_newline_is_taken_in_once_it_is_quiet(room: Room) -> None:
    path = room.write("a.yaml", document("a").rstrip())
    assert (room.sync(5.0).created, room.store.restless) == ((), True)
    an_hour_ago = time.time() - 3600
    os.utime(path, (an_hour_ago, an_hour_ago))
    assert room.sync(0.0).created == (key("a"),)  # its ctime cannot be set back: the wait is asked for by the caller


def test_a_file_that_is_open_for_writing_is_read_once_it_is_closed(room: Room) -> None:
    room.write("a.yaml", document("a"))
    room.sync()
    with (room.folder / "a.yaml").open("w") as file:
        file.write(document("a", "runStrategy: Halted") + "---\n" + document("b"))
        file.flush()
        assert room.sync(0.0).changed == room.sync(0.0).created == ()
        assert room.store.restless
        with pytest.raises(NotEditable, match="open for writing"):
            room.store.patch(key("a"), {"spec": {"suspend": True}}, "api")
    report = room.sync(0.0)
    assert (report.changed, report.created, room.store.restless) == ((key("a"),), (key("b"),), False)


def test_what_is_wrong_only_while_a_file_is_written_is_not_told(room: Room) -> None:
    with (room.folder / "a.yaml").open("w") as file:
        file.write(document("a") + "---\nx: [\n")
        file.flush()
        room.sync(0.0)
        assert (room.said(), room.store.restless) == ([], True)
    room.sync(0.0)
    assert "a.yaml:9:1: is not YAML" in room.said()[0]


def test_nothing_goes_while_some_file_is_being_written(room: Room) -> None:
    room.write("a.yaml", document("a"))
    room.write("b.yaml", document("b"))
    room.sync()
    with (room.folder / "b.yaml").open("a") as file:
        file.write("---\n")
        file.flush()
        (room.folder / "a.yaml").unlink()
        assert "b.yaml is open for writing" in room.sync(0.0).held[key("a")]
    assert room.sync(0.0).deleted == (key("a"),)


def test_our_own_edits_are_whole(room: Room) -> None:
    room.write("a.yaml", document("a").rstrip())
    room.sync(0.0)
    assert room.store.patch(key("a"), {"spec": {"suspend": True}}, "api").metadata.generation == 2


@pytest.mark.parametrize(
    ("new", "old", "cut"),
    [
        ("defau", "default", True),
        (1, 16, True),
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1, "b": None}, {"a": 1, "b": 2}, True),
        ({"a": [1, {"n": "la"}]}, {"a": [1, {"n": "lan", "x": 1}, 3], "b": 2}, True),
        ({"a": 2}, {"a": 1, "b": 2}, False),
        ({"a": "x", "b": "y"}, {"a": "xx", "b": "yy"}, False),
        ([1, 2, 3], [1, 2], False),
        ({"c": 1}, {"a": 1}, False),
        ("defaults", "default", False),
    ],
)
def test_what_looks_cut_off(new: object, old: object, cut: bool) -> None:
    assert is_beginning(new, old) is cut


def test_documents_before_the_cut_are_whole(room: Room) -> None:
    """Written aside and put in place: at once, however long the settling time is."""
    room.write("a.yaml", documents("a", "b"))
    room.sync()
    aside = room.write(".a.tmp", document("a", "runStrategy: Halted") + "---\n" + document("b"))
    aside.rename(room.folder / "a.yaml")
    assert room.sync(5.0).changed == (key("a"),)
