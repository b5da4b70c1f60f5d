"""What begins with a brace and is JSON is read as JSON has it, in every file of the folder, and stays JSON when it is edited."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.cli.given import read_given
from homeostat.store.files.editing import in_place
from homeostat.store.files.text import documents, jsontext
from homeostat.store.files.text.values import equal
from homeostat.store.merge import merge_patch
from tests.unit.store_fixtures import Room, document, key

USER_DATA = "#cloud-config\n# \U0001f600\n"


def machine(name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachine", "metadata": {"name": name}, "spec": spec}


@pytest.mark.parametrize("path", ["doc.json", "doc.yaml", "sub/doc.yml"])
def test_br16_a_surrogate_pair_is_one_character(room: Room, path: str) -> None:
    text = json.dumps(machine("box", cloudInit={"userData": USER_DATA}))
    assert "\\ud83d\\ude00" in text
    file = room.write(path, text)
    room.sync()
    assert room.said() == []
    assert room.resource("box").dump()["spec"] == {"cloudInit": {"userData": USER_DATA}}
    (given_,) = read_given([str(file)])
    assert given_.resource.dump()["spec"] == {"cloudInit": {"userData": USER_DATA}}


def test_br16_an_edit_leaves_json(room: Room) -> None:
    file = room.write("doc.json", json.dumps(machine("box", cloudInit={"userData": USER_DATA}), indent=2))
    room.store.patch(key("box"), {"spec": {"resources": {"memory": "1Gi"}, "restartedAt": "1.10"}}, "api")
    assert json.loads(file.read_text())["spec"]["resources"] == {"memory": "1Gi"}
    assert '    "restartedAt": "1.10"' in file.read_text().splitlines()
    assert "\\ud83d\\ude00" in file.read_text()
    room.store.patch(key("box"), {"spec": {"cloudInit": None}}, "api")
    assert json.loads(file.read_text()) == machine("box", resources={"memory": "1Gi"}, restartedAt="1.10")
    room.store.delete(key("box"), "api")
    assert not file.exists()


def test_br16_objects_one_behind_the_other(room: Room) -> None:
    file = room.write("all.json", "\n".join(json.dumps(machine(name)) for name in "abc"))
    room.sync()
    assert room.names() == ["a", "b", "c"]
    room.store.delete(key("b"), "api")
    room.store.patch(key("c"), {"spec": {"suspend": True}}, "api")
    assert [json.loads(line) for line in file.read_text().splitlines()] == [machine("a"), machine("c", suspend=True)]


def test_br16_a_file_of_json_needs_no_last_newline(room: Room) -> None:
    both = {"apiVersion": "v1", "kind": "List", "items": [machine("a"), machine("b")]}
    room.write("all.json", json.dumps(both))
    room.sync()
    room.write("all.json", json.dumps({**both, "items": [machine("a")]}))
    room.sync()
    assert (room.names(), room.said()) == (["a"], [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '{"apiVersion":"homeostat.dev/v1alpha1","metadata":{"name":"a","name":"b"}}',
            "name: is given twice",
        ),
        ('{"apiVersion":"homeostat.dev/v1alpha1","metadata":{"labels":{"\U0001f600":"1","\\ud83d\\ude00":"2"}}}', "given twice"),
        ('{"apiVersion":"homeostat.dev/v1alpha1","kind":"VirtualMachine","metadata":{"name":"\\ud83d"}}', "\\U0001F600"),
        ('{"apiVersion":"homeostat.dev/v1alpha1","spec":{"a":1e400}}', "is too large a number"),
        ('{"apiVersion":"homeostat.dev/v1alpha1","spec":' + '{"a":' * 70 + "1" + "}" * 72, "nested more than 64 deep"),
        ('{"apiVersion":"homeostat.dev/v1alpha1",\n"spec": {"a": tru}', "all.json:3:1: is not YAML"),
    ],
)
def test_br16_what_is_wrong_in_json_is_named(room: Room, text: str, said: str) -> None:
    room.write("all.json", text)
    room.sync()
    assert said in "\n".join(room.said())
    assert room.names() == []


def test_br16_settings_of_tools_are_nobodys_business(room: Room) -> None:
    room.write("a.yaml", document("a"))
    for name, text in {
        "package.json": '{"name": "x"}',
        "tsconfig.json": "{ // a comment\n}",
        "list.json": "[1]",
        "x.json": "\xff",
    }.items():
        room.write(name, text)
    room.sync()
    assert (room.names(), room.said()) == (["a"], [])
    (room.folder / "a.yaml").unlink()
    room.sync()
    assert room.names() == ["a"]
    assert "holds no YAML any more" in room.said()[0]


def test_br16_flow_yaml_is_still_yaml(room: Room) -> None:
    room.write("a.yaml", "{apiVersion: homeostat.dev/v1alpha1, kind: VirtualMachine, metadata: {name: a}} # not JSON\n")
    room.store.patch(key("a"), {"spec": {"suspend": True}}, "api")
    assert (room.folder / "a.yaml").read_text().endswith("{name: a}, spec: {suspend: true}} # not JSON\n")


texts = st.text(alphabet=st.sampled_from('aZ09 "\\/\x7f\x80\x85\u2028\ufeff\ufffe\U0001f600\t\n:{}[],#&*-\x01é'), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
indents = st.sampled_from([None, 0, 2, "\t"])
objects = st.dictionaries(texts, values, max_size=4)


@settings(max_examples=25, deadline=None)
@given(objects, st.booleans(), indents)
def test_br16_any_json_is_read_as_json(value: dict[str, Any], escaped: bool, indent: int | str | None) -> None:
    text = json.dumps(value, ensure_ascii=escaped, indent=indent).replace("/", "\\/" if escaped else "/")
    content = documents.read_documents(documents.decode(text.encode()), empty=True)
    assert not content.broken
    (read,) = content.documents
    wrong = [p for p in read.problems if "byte order mark" not in p.message and "nobody sees" not in p.message]
    assert not wrong
    if not read.problems:
        assert equal(read.value, value)


@settings(max_examples=25, deadline=None)
@given(objects, objects, st.booleans(), indents)
def test_br16_any_edit_of_json_is_json(
    before: dict[str, Any], patch: dict[str, Any], escaped: bool, indent: int | str | None
) -> None:
    text = json.dumps(before, ensure_ascii=escaped, indent=indent)
    content = documents.read_documents(text, empty=True)
    if not before or content.documents[0].problems:
        return
    wanted = merge_patch(before, patch)
    edited = in_place.patched_text(text, content.documents[0], wanted)
    assert equal(jsontext.value(edited), wanted)
