"""A byte order mark before a document is skipped; elsewhere it, and what else nobody sees, is named. So are merge conflicts."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.store.files.editing import in_place
from homeostat.store.files.text import characters, documents
from homeostat.store.files.text.render import render_block, render_flow, render_scalar
from tests.unit.store_fixtures import Room, document, key

MARK = "\ufeff"


@pytest.mark.parametrize(
    "text",
    [
        f"{MARK}---\n%s{MARK}---\n%s",
        f"{MARK}%s---\n{MARK}%s",
        f"{MARK}# one\n---\n%s{MARK}# two\n\n---\n%s",
        f"---\n{MARK}%s---\n# two\n{MARK}%s",
        f"{MARK}{MARK}---\r\n%s{MARK}---\r\n%s",
        f"--- # one\n{MARK}%s{MARK}--- # two\n%s",
    ],
)
def test_br17_a_mark_before_a_document_is_skipped(room: Room, text: str) -> None:
    room.write("a.yaml", text % (document("alpha"), document("beta")))
    room.sync()
    assert (room.names(), room.said()) == (["alpha", "beta"], [])
    room.store.patch(key("beta"), {"spec": {"suspend": True}}, "api")
    room.store.delete(key("alpha"), "api")
    room.sync()
    assert (room.names(), room.said()) == (["beta"], [])


def test_br17_a_mark_elsewhere_is_named(room: Room) -> None:
    for number, text in enumerate(
        [
            document("a").replace("kind", f"{MARK}kind"),
            document("a").replace("  name", f"  {MARK}name"),
            document("a", "cloudInit:", "  userData: |", f"    {MARK}#cloud-config"),
            document("a", f"restartedAt: {MARK}now"),
            document("a") + f"{MARK}x: [",
        ]
    ):
        room.write(f"{number}.yaml", text)
        room.sync()
        assert len(room.said()) == 1
        assert "U+FEFF, a byte order mark: save the file without it" in room.said()[0]
        assert room.names() == []
        (room.folder / f"{number}.yaml").unlink()


def test_br17_as_an_escape_it_is_meant(room: Room) -> None:
    room.write("a.yaml", document("a", 'cloudInit: {userData: "\\ufeff#cloud-config"}'))
    room.sync()
    assert room.said() == []
    room.store.patch(key("a"), {"spec": {"cloudInit": {"userData": f"#!/bin/sh\n{MARK}\x85\u2028"}}}, "api")
    assert room.resource("a").dump()["spec"]["cloudInit"]["userData"] == f"#!/bin/sh\n{MARK}\x85\u2028"


@pytest.mark.parametrize("content", ["\ufeffa: 1".encode("utf-16-le"), "\ufeffa: 1".encode("utf-16-be")])
def test_br17_utf_16_is_named(room: Room, content: bytes) -> None:
    room.write("a.yaml", content)
    room.sync()
    assert room.said() == ["a.yaml:1:1: is UTF-16, as PowerShell's > writes it: save it as UTF-8"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("spec:\n\u00a0 resources: {}\n", "holds U+00A0, no-break space: nobody sees it"),
        ("spec:\n  \u200bresources: {}\n", "holds U+200B"),
        ("spec:\n  resources: {}\u2028kind: x\n", "U+2028, line separator"),
        ("spec: {}\x85status: {}\n", "U+0085, next line"),
        ("spec:\n  a\u202eb: 1\n", "U+202E, right-to-left override"),
    ],
)
def test_br17_what_nobody_sees_is_named(room: Room, text: str, said: str) -> None:
    room.write("a.yaml", document("a").partition("spec:")[0] + text)
    room.sync()
    assert said in "\n".join(room.said())


@pytest.mark.parametrize("position", range(4))
def test_br17_a_merge_conflict_is_named_as_one(room: Room, position: int) -> None:
    room.write("a.yaml", document("a") + "---\n" + document("b"))
    room.sync()
    lines = (document("a") + "---\n" + document("b", "cloudInit:", "  userData: |", "    #!/bin/sh")).splitlines()
    at = (0, 5, 8, len(lines))[position]
    conflict = ["<<<<<<< HEAD", "  one: 1", "||||||| base", "=======", "  one: 2", ">>>>>>> branch"]
    room.write("a.yaml", "\n".join([*lines[:at], *conflict, *lines[at:], ""]))
    room.sync()
    begins = [line for line in room.said() if "is a merge conflict that is not resolved" in line]
    assert [line.split(": ")[0] for line in begins] == [f"a.yaml:{at + 1}:1", f"a.yaml:{at + 6}:1"]
    assert room.names() == ["a", "b"]


def test_br17_texts_that_look_like_conflicts_are_texts(room: Room) -> None:
    room.write("a.yaml", document("a", "cloudInit:", "  userData: |", "    <<<<<<< HEAD", "    =======", "    >>>>>>> x"))
    room.sync()
    assert (room.names(), room.said()) == (["a"], [])


odd = st.text(alphabet=st.sampled_from("ab \t\n\r\x85\u2028\u2029\ufeff\u00a0\x07\u200b\U0001f600'\"#:-|>{}\\é"), max_size=10)


@settings(max_examples=25, deadline=None)
@given(odd, odd, st.sampled_from([None, "'", '"']))
def test_br17_whatever_is_written_is_read_the_same(name: str, text: str, quotes: str | None) -> None:
    for written in (render_block({name: text}), "{" + f"{render_flow(name)}: {render_scalar(text, quotes)}" + "}"):
        (read,) = documents.read_documents(documents.decode(written.encode())).documents
        assert (read.problems, read.value) == ([], {name: text})
    (read,) = documents.read_documents("a: 1 # x\n" + render_block({"b": text}) + "c: 'y'\n").documents
    edited = in_place.patched_text("a: 1 # x\n" + render_block({"b": text}) + "c: 'y'\n", read, {"a": text, "b": name, "c": text})
    assert documents.read_documents(documents.decode(edited.encode())).documents[0].value == {"a": text, "b": name, "c": text}


def test_br17_ends_of_lines_of_older_yaml_are_characters() -> None:
    for end, text in product(
        "\x85\u2028\u2029", ("a: x%sy", "a: 'x%sy'", 'a: "x%sy"', "a: |-\n  x%sy", "a: >-\n  x%sy", "a: [x%sy]")
    ):
        (read,) = documents.read_documents(text % end).documents
        assert read.value in ({"a": f"x{end}y"}, {"a": [f"x{end}y"]})
        assert len(characters.parsable(text % end)) == len(text % end)
