"""An edit that would leave a file which cannot be read again, or says something else, is refused and changes nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.store.errors import NotEditable, StoreError
from homeostat.store.files.editing import in_place, readback
from homeostat.store.files.text import documents
from tests.unit.store_fixtures import Room, document, key

HEAD = "apiVersion: homeostat.dev/v1alpha1\nkind: VirtualMachine\n"
ITEM = "- apiVersion: homeostat.dev/v1alpha1\n  kind: VirtualMachine\n  metadata: {name: %s}\n  spec: %s\n"
LIST = "apiVersion: v1\nkind: List\nitems:\n"
SHARED = LIST + ITEM % ("alpha", "&base\n    resources: {memory: 64Mi}") + ITEM % ("beta", "*base")


def test_br13_a_deletion_leaves_no_alias_without_its_anchor(room: Room) -> None:
    file = room.write("list.yaml", SHARED)
    room.sync()
    with pytest.raises(NotEditable, match=r"list\.yaml cannot be edited in place .*write out the values.*Nothing was changed"):
        room.store.delete(key("alpha"), "cli")
    assert file.read_text() == SHARED
    assert room.names() == ["alpha", "beta"]
    room.store.delete(key("beta"), "cli")
    room.sync()
    assert (room.names(), room.said()) == (["alpha"], [])


def test_br13_with_doubles_nothing_is_written_before_all_is_known(room: Room) -> None:
    first, second = room.write("a.yaml", document("alpha")), room.write("list.yaml", SHARED)
    with pytest.raises(NotEditable):
        room.store.delete(key("alpha"), "cli")
    assert (first.read_text(), second.read_text()) == (document("alpha"), SHARED)


def test_br13_what_stands_beside_is_compared_too() -> None:
    before = document("a") + "---\n" + document("b")
    edited = documents.read_documents(before).documents[0]
    lost = before.replace("name: b", "name: c")
    with pytest.raises(NotEditable, match="the document in line 8 would read otherwise"):
        readback.check_edit("x.yaml", documents.read_documents(before), lost, edited, edited.value)
    with pytest.raises(NotEditable, match="lost or joined"):
        readback.check_edit("x.yaml", documents.read_documents(before), document("a"), edited, edited.value)
    with pytest.raises(NotEditable, match="it would read otherwise"):
        readback.check_edit("x.yaml", documents.read_documents(before), before, edited, {**edited.value, "spec": {}})
    readback.check_edit("x.yaml", documents.read_documents(before), before, edited, edited.value)


@pytest.mark.parametrize("made", ["x: [", document("b") + "---\n" + document("c"), document("b"), document("a"), "\ud800"])
def test_br13_whatever_an_edit_makes_is_read_before_it_is_written(room: Room, monkeypatch: pytest.MonkeyPatch, made: str) -> None:
    whole = document("a") + "---\n" + document("b")
    file = room.write("all.yaml", whole)
    room.sync()
    monkeypatch.setattr(in_place, "patched_text", lambda *_: made)
    monkeypatch.setattr(in_place, "removed_text", lambda *_: made)
    monkeypatch.setattr(readback, "render_block", lambda _: made)
    with pytest.raises(StoreError):
        room.store.patch(key("a"), {"spec": {"suspend": True}}, "cli")
    if made != document("b"):
        with pytest.raises(StoreError):
            room.store.delete(key("a"), "cli")
    with pytest.raises(StoreError):
        room.store.create("VirtualMachine", {"metadata": {"name": "new"}}, "cli")
    assert (file.read_text(), os.listdir(room.folder)) == (whole, ["all.yaml"])


SPECS = (
    "&s {resources: {vcpu: 1}}",
    "*s",
    "{<<: *s, suspend: true}",
    "\n    # one\n    resources: &r\n      vcpu: 2",
    "{resources: *r}",
)
ALONE = (
    "{resources: {vcpu: 3}} # three",
    "&s\n  resources: {memory: 64Mi}\n  cloudInit:\n    userData: |\n      # text\n\n      --- no\n",
)


def written(items: list[tuple[int, str]], tail: list[tuple[int, str]]) -> str:
    """A List whose items share values, and documents of their own behind it."""
    text = LIST + "".join(ITEM % (f"i{n}", spec) for n, (_, spec) in enumerate(items)) if items else "# none\n"
    for number, (marks, spec) in enumerate(tail):
        text += ("---\n", "--- # next\n", "...\n---\n", "\n\n---\n")[marks % 4]
        text += f"{HEAD}metadata:\n  name: d{number}\nspec: {spec}\n".replace("spec: \n", "spec:\n")
    return text


CHANGES: tuple[Callable[[Room, str], Any], ...] = (
    lambda room, name: room.store.delete(key(name), "cli"),
    lambda room, name: room.store.patch(key(name), {"spec": {"suspend": True}}, "cli"),
    lambda room, name: room.store.patch(key(name), {"spec": {"resources": {"vcpu": 7}}}, "cli"),
    lambda room, name: room.store.patch(key(name), {"spec": {"resources": None}}, "cli"),
    lambda room, name: room.store.patch(key(name), {"metadata": {"labels": {"a": "1.10"}}}, "cli"),
    lambda room, name: room.store.patch(key(name), {"spec": {"restartedAt": "12:30:00 \x85 \u2028 # no"}}, "cli"),
)


@settings(max_examples=6, deadline=None)
@given(
    st.lists(st.tuples(st.just(0), st.sampled_from(SPECS)), max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(ALONE)), max_size=3),
    st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(0, 6)), min_size=1, max_size=4),
)
def test_br13_any_edit_is_refused_or_leaves_all_others_as_they_were(
    items: list[tuple[int, str]], tail: list[tuple[int, str]], changes: list[tuple[Callable[[Room, str], Any], int]]
) -> None:
    with tempfile.TemporaryDirectory() as base:
        room = Room(Path(base))
        file = room.write("all.yaml", written(items, tail))
        names = [*(f"i{n}" for n in range(len(items))), *(f"d{n}" for n in range(len(tail)))]
        try:
            room.sync()
            if room.said():
                return
            for change, number in changes:
                if not names or not file.exists():
                    return
                name, before = names[number % len(names)], file.read_bytes()
                was = values(before)
                try:
                    change(room, name)
                except StoreError:
                    assert file.read_bytes() == before
                    continue
                now = values(file.read_bytes()) if file.exists() else {}
                assert {n: v for n, v in now.items() if n != name} == {n: v for n, v in was.items() if n != name}
                room.sync()
                assert not room.said()
                names = [one for one in names if one in now]
        finally:
            room.close()


def values(content: bytes) -> dict[str, Any]:
    read = documents.read_documents(documents.decode(content))
    assert not read.broken
    assert not [problem for one in read.documents for problem in one.problems]
    return {one.value["metadata"]["name"]: one.value for one in read.documents}


def test_br13_an_item_that_is_an_alias() -> None:
    text = LIST + "- &a\n  kind: X\n  metadata: {}\n- *a\n"
    second = documents.read_documents(text).documents[1]
    with pytest.raises(NotEditable, match="anchors"):
        rest = in_place.removed_text(text, second) or ""
        readback.check_edit("x.yaml", documents.read_documents(text), rest, second, readback.GONE)
