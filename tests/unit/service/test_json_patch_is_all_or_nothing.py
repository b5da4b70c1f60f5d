"""JSON Patch (RFC 6902): every operation, and every way in which one cannot be carried out."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.service.changing.json_patch import COPIED_MAX, OPERATIONS_MAX, PatchRefused, apply_json_patch
from homeostat.service.refusals import NotAllowed

SPEC = {"cpu": {"cores": 1}, "disks": [{"name": "a"}, {"name": "b"}], "on": True, "odd": {"x/y": {"~": 1}}}


def op(word: str, path: str, **more: Any) -> dict[str, Any]:
    return {"op": word, "path": path, **more}


@pytest.mark.parametrize(
    ("operations", "path", "found"),
    [
        ([op("add", "/disks/-", value=3)], "disks", [{"name": "a"}, {"name": "b"}, 3]),
        ([op("add", "/disks/0", value=3)], "disks", [3, {"name": "a"}, {"name": "b"}]),
        ([op("remove", "/disks/0")], "disks", [{"name": "b"}]),
        ([op("replace", "/cpu/cores", value=2)], "cpu", {"cores": 2}),
        ([op("add", "/cpu/cores", value=2)], "cpu", {"cores": 2}),
        ([{"op": "move", "from": "/disks/1/name", "path": "/on"}], "on", "b"),
        ([{"op": "copy", "from": "/disks/1", "path": "/disks/0"}], "disks", [{"name": "b"}, {"name": "a"}, {"name": "b"}]),
        ([op("test", "/odd/x~1y/~0", value=1.0), op("replace", "/on", value=False)], "on", False),
        ([op("replace", "", value={"z": 1})], "z", 1),
        ([op("remove", "/on", comment="what RFC 6902 does not know is passed over"), op("add", "/on", value=1)], "on", 1),
    ],
)
def test_each_operation_does_what_it_says(operations: list[Any], path: str, found: Any) -> None:
    assert apply_json_patch(SPEC, operations)[path] == found


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        (op("replace", "/cpu/threads", value=2), "there is no /cpu/threads in the spec (what the spec does not say has its"),
        (op("add", "/gpu/cores", value=2), "there is no /gpu in the spec"),
        (op("remove", "/disks/2"), "there is no /disks/2 in the spec"),
        (op("remove", "/disks/-"), "-"),
        (op("add", "/disks/3", value=1), "outside"),
        (op("add", "/disks/00", value=1), "00"),
        (op("add", "/on/x", value=1), "/on is true, and has nothing below it"),
        (op("test", "/on", value=1), "it is true"),
        (op("test", "/cpu/cores", value=True), "it is 1"),
        (op("test", "/disks", value=[{"name": "a"}]), 'it is [{"name": "a"}, {"name": "b"}]'),
        (op("test", "/nothing", value=None), "there is no /nothing"),
        ({"op": "move", "from": "/cpu", "path": "/cpu/cores"}, "own children"),
        ({"op": "move", "from": "/disks/0", "path": "/disks/5"}, "outside"),
        ({"op": "copy", "from": "/nothing", "path": "/on"}, "there is no /nothing"),
        ({"op": "copy", "path": "/on"}, "from must be a JSON pointer"),
        (op("replace", "", value=[]), "a spec that is no object"),
        (op("remove", ""), "whole document"),
        (op("add", "cpu", value=1), "path must be a JSON pointer"),
        (op("add", "/cpu/~2", value=1), "path must be a JSON pointer"),
        (op("add", "/cpu/x"), "add needs a value"),
        (op("plus", "/cpu"), "op must be one of add, remove"),
        (op(["add"], "/cpu"), "op must be one of add, remove"),  # type: ignore[arg-type]
        ({"op": "add", "path": 3, "value": 1}, "path must be a JSON pointer"),
        ("add", "an operation is an object"),
    ],
    ids=str,
)
def test_one_that_cannot_be_done_is_named_and_undoes_all(operation: Any, why: str) -> None:
    before = copy.deepcopy(SPEC)
    with pytest.raises(PatchRefused) as refused:
        apply_json_patch(SPEC, [op("replace", "/disks", value=SPEC["disks"]), operation])
    said = str(refused.value)
    assert said.startswith("operation 1 (" if isinstance(operation, dict) else "operation 1: ") and why in said
    assert refused.value.details["operation"] == 1
    if isinstance(operation, dict) and isinstance(operation["path"], str):
        assert refused.value.details["path"] == operation["path"]
    assert before == SPEC


def test_copies_do_not_grow_without_end() -> None:
    with pytest.raises(PatchRefused, match="copies more than"):
        apply_json_patch(SPEC, [{"op": "copy", "from": "", "path": f"/c{number}"} for number in range(60)])


@pytest.mark.parametrize(
    ("length", "copies", "let_in"), [(COPIED_MAX - 2, 1, True), (COPIED_MAX - 1, 1, False), (COPIED_MAX // 2, 2, False)]
)
def test_all_copies_together_are_bounded(length: int, copies: int, let_in: bool) -> None:
    document = {"x": "x" * length, "n": None}  # with its quotes two more
    operations = [{"op": "copy", "from": "/x", "path": f"/y{number}"} for number in range(copies)]
    if let_in:  # nothing else counts
        others = [op("test", "/n", value=None), {"op": "move", "from": "/n", "path": "/m"}]
        assert len(apply_json_patch(document, [*others, *operations])) == 2 + copies
        return
    with pytest.raises(PatchRefused, match="copies more than") as refused:
        apply_json_patch(document, operations)
    assert refused.value.details["operation"] == copies - 1


def test_neither_do_patches() -> None:
    most = [op("test", "/on", value=True)] * OPERATIONS_MAX
    assert apply_json_patch(SPEC, most) == SPEC
    with pytest.raises(NotAllowed, match="501 operations"):
        apply_json_patch(SPEC, [*most, most[0]])


def test_what_is_nested_too_deeply_is_refused() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(PatchRefused, match="nested too deeply"):
        apply_json_patch(SPEC, [op("add", "/x", value=deep), {"op": "copy", "from": "/x", "path": "/y"}])


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "a", "/", "~"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "/", "~0", "-", "0"]), inner, max_size=3)
    ),
    max_leaves=6,
)
_PATHS = st.lists(st.sampled_from(["a", "b", "0", "1", "-", "~1", "~0", "01", ""]), max_size=3).map(
    lambda p: "".join(f"/{x}" for x in p)
)


@given(
    st.dictionaries(st.sampled_from(["a", "b", "~0"]), _VALUES, max_size=3),
    st.lists(
        st.fixed_dictionaries(
            {
                "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]),
                "path": _PATHS,
                "from": _PATHS,
                "value": _VALUES,
            }
        ),
        max_size=4,
    ),
)
def test_any_patch_is_carried_out_or_refused(document: dict[str, Any], operations: list[Any]) -> None:
    before, asked = copy.deepcopy(document), copy.deepcopy(operations)
    try:
        after = apply_json_patch(document, operations)
    except PatchRefused as refused:
        assert 0 <= refused.details["operation"] < len(operations)
    else:
        assert isinstance(after, dict)
    assert document == before and operations == asked
