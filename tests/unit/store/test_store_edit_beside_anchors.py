"""An edit beside anchors, merges and block scalars; where it would change what they share, it is refused by file and line."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.store.errors import NotEditable
from homeostat.store.files.editing import in_place
from homeostat.store.files.text import documents
from homeostat.store.files.text.values import equal
from homeostat.store.merge import merge_patch
from tests.unit.store_fixtures import Room, document, key

STOP = {"spec": {"runStrategy": "Halted"}}
UNSET: dict[str, Any] = {"spec": {"runStrategy": None}}
TOKEN = {"spec": {"restartedAt": "t"}}


def patched(text: str, patch: dict[str, Any]) -> str:
    (found,) = documents.read_documents(text).documents
    wanted = merge_patch(found.value, patch)
    edited = in_place.patched_text(text, found, wanted, "web.yaml")
    (again,) = documents.read_documents(edited).documents
    assert equal(again.value, wanted)
    return edited


@pytest.mark.parametrize(
    ("text", "patch", "old", "new"),
    [
        ("spec:\n  runStrategy: &s Always  # now\n  # end\n", STOP, "&s Always", "&s Halted"),
        ("x: &s Always  # x\nspec:\n  runStrategy: *s  # now\n", STOP, "*s", "Halted"),
        ("x: &s Always  # x\nspec: {replicas: 1, runStrategy: *s}  # now\n", UNSET, ", runStrategy: *s", ""),
        ("x: &s Always  # x\nspec:\n  runStrategy: *s  # n\n  a: 1\n", UNSET, "  runStrategy: *s  # n\n", ""),
        ("x: &b {a: 1}\nspec:\n  # why\n  <<: *b  # merged\n", STOP, "# merged", "# merged\n  runStrategy: Halted"),
        ("x: &b {a: 1}\nspec: {<<: *b}  # merged\n", STOP, "<<: *b", "<<: *b, runStrategy: Halted"),
        ("spec: &b  # base\n  runStrategy: Always\ny:\n  <<: *b\n  runStrategy: Once\n", STOP, "Always", "Halted"),
        ("spec:\n  u: |+\n    #!/bin/sh\n\n\n", TOKEN, "\n\n\n", "\n\n\n  restartedAt: t\n"),
        ("spec:\r\n  u: |+\r\n    x\r\n\r\n", TOKEN, "x\r\n\r\n", "x\r\n\r\n  restartedAt: t\r\n"),
        ("spec:\n  l:\n    - |+\n      x\n\n", {"spec": {"l": ["x\n\n", "y"]}}, "x\n\n", "x\n\n    - y\n"),
        ("spec:\n  u: >-\n    a\n    b\n\n# end\n", TOKEN, "b\n", "b\n  restartedAt: t\n"),
        ("spec: {a: 1, b: 2, c: 3}  # x\n", {"spec": {"b": None, "c": None}}, ", b: 2, c: 3", ""),
        ("spec:\n  notes:\n    a: b\n  c: 1  # c\n", {"spec": {"notes": {"a": None, "n": 2}}}, "a: b", "n: 2"),
        ("spec:\n  d:\n    - # one\n      name: a\n      n: 1\n", {"spec": {"d": [{"name": "a", "n": 2}]}}, "n: 1", "n: 2"),
        (
            "spec:\n  d:\n    - name: a  # a\n    - name: b  # b\n      n: 1\n",
            {"spec": {"d": [{"name": "b", "n": 2}]}},
            "    - name: a  # a\n    - name: b  # b\n      n: 1",
            "    - name: b  # b\n      n: 2",
        ),
        ("spec:\n  n:\n    # y\n    a: 1 # o\n  b: 2\n", {"spec": {"n": "x"}}, "n:\n    # y\n    a: 1 # o\n", "n: x\n    # y\n"),
    ],
)  # fmt: skip
def test_its_lines_change_and_no_other(text: str, patch: dict[str, Any], old: str, new: str) -> None:
    assert patched(text, patch) == text.replace(old, new)


@pytest.mark.parametrize(
    ("text", "patch", "why"),
    [
        ("spec:\n  runStrategy: &s Always\n  x: *s\n", STOP, r":2: &s is used elsewhere, too \(\*s\)"),
        ("# x\nspec: &b\n  runStrategy: Always\ny: *b\n", STOP, r":2: &b is used elsewhere"),
        ("x: &b {runStrategy: Once}\nspec:\n  a: 1\n  <<: *b\n", UNSET, ":4: runStrategy comes from what << m"),
        ("spec:\n  a: &s {b: 1}\n  x: *s\n", {"spec": {"a": None}}, ":2: &s is used elsewhere"),
        ("spec:\n  d: [a,  # one\n    b]\n", {"spec": {"d": ["a", "c"]}}, ":2: the list is written in brackets"),
        ("spec:\n  d:\n    - name: a  # a\n    - name: b\n", {"spec": {"d": [{"name": k} for k in "ba"]}}, ":3: the list gets"),
        ("spec: {a: 1, # one\n  b: 2}\n", {"spec": {"a": None}}, ":1: a comment stands between the fields"),
    ],
)  # fmt: skip
def test_what_others_wrote_or_share_is_not_lost(text: str, patch: dict[str, Any], why: str) -> None:
    with pytest.raises(
        NotEditable, match=rf"web\.yaml cannot be edited in place \(web\.yaml{why}.*by hand\. Nothing was changed"
    ):
        patched(text, patch)


A = {"name": "a", "n": 1}


@pytest.mark.parametrize(
    ("text", "items", "line", "number"),
    [
        ("x: &d {name: a, n: 1}\nspec:\n  d:\n    - *d\n", [{"name": "a", "n": 2}], 4, 1),
        ("x: &d {name: a, n: 1}\nspec:\n  d:\n    - *d\n    - name: b\n", [{"name": "b"}], 4, 1),
        ("x: &d {name: a, n: 1}\nspec:\n  d:\n    - *d\n", [A, {"name": "b"}], 4, 1),
        ("x: &d {name: a, n: 1}\nspec:\n  d:\n    - name: b\n    - *d\n", [{"name": "b"}], 4, 2),
        ("spec:\n  d:\n    - &d {name: a}\n    - *d\n", [{"name": "a"}], 3, 2),
        ("spec:\n  d:\n    - &d a\n    - *d\n", ["a", "b"], 3, 2),
        ("spec:\n  d:\n    - &d a\n    - *d\n", ["a", "a", "f"], 3, 2),
        ("spec:\n  d:\n    - b\n    - &d a\n    - *d\n", ["b", "a", "c"], 3, 3),
        ("spec:\n  d:\n    - &d a\n    - b\n    - *d\n    - e\n", ["a", "b", "e"], 3, 3),
        ("x: &d v\nspec:\n  d:\n    - *d\n", ["w"], 4, 1),
        ("x: &d v\nspec:\n  d:\n    - *d\n    - e\n", ["v", "e", "g"], 4, 1),
        ("x: &d v\nspec:\n  d:\n    - *d\n    - e\n", ["n", "v", "e"], 4, 1),
        ("x: &d\n  - a\nspec:\n  d:\n    - *d\n    - e\n", [["b"], "e"], 5, 1),
    ],
)  # fmt: skip
def test_an_item_that_is_an_alias_is_named_where_it_stands(text: str, items: list[Any], line: int, number: int) -> None:
    with pytest.raises(NotEditable, match=rf"web\.yaml:{line}: item {number} of the list is an alias\)"):
        patched(text, {"spec": {"d": items}})


@pytest.mark.parametrize(("items", "edited"), [(["a", "a", "f"], "- f"), (["a", "a", "e", "g"], "- e\n    - g")])
def test_an_alias_beside_what_changes_stays(items: list[str], edited: str) -> None:
    text = "spec:\n  d:\n    - &d a\n    - *d\n    - e\n"
    assert patched(text, {"spec": {"d": items}}) == text.replace("- e", edited)


def test_a_refused_edit_leaves_the_file(room: Room) -> None:
    text = document("web", "runStrategy: &s Always  # kept", "shutdown: {onTimeout: Wait}", annotation="was: *s")
    text = text.replace("was: *s", "was: &s Always").replace("&s Always  #", "*s  #") + "# end\n"
    file = room.write("web.yaml", text)
    room.sync()
    with pytest.raises(NotEditable, match=r"web\.yaml:5: &s is used elsewhere"):
        room.store.patch(key("web"), {"metadata": {"annotations": {"was": None}}}, "cli")
    assert file.read_text() == text
    room.store.patch(key("web"), STOP, "cli")
    assert file.read_text() == text.replace("*s  #", "Halted  #")
