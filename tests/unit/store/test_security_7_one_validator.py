"""What REST or the command line writes is read back by the folder's own rules before it is in force."""

from __future__ import annotations

import math
import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.models.base import API_VERSION
from homeostat.store.errors import Invalid
from homeostat.store.files.editing import readback
from homeostat.store.files.reading.validate import key_to_write
from homeostat.store.files.text import documents
from homeostat.store.files.text.values import equal
from tests.unit.store_fixtures import Room, document, key


def deep(levels: int) -> Any:
    value: Any = "end"
    for _ in range(levels):
        value = {"x": value}
    return value


UNKEEPABLE = {
    "infinite": math.inf, "not a number": math.nan, "long": int("9" * 4000), "negative": -(10**30), "deep": deep(100),
    "deep lists": [[[[deep(60)]]]], "half": "\ud800", "half of a key": {"\udc00": 1}, "many": list(range(100_000)),
    "a number as key": {1: 2}, "bytes": b"x",
}  # fmt: skip


@pytest.mark.parametrize("value", UNKEEPABLE.values(), ids=list(UNKEEPABLE))
def test_security_7_what_the_folder_could_not_read_is_never_written(room: Room, value: Any) -> None:
    file = room.write("web.yaml", document("web"))
    spec = {"cloudInit": {"variables": {"given": value}}}
    with pytest.raises(Invalid, match=r"spec\.cloudInit\.variables.*(given|1,000 values)") as raised:
        room.store.patch(key("web"), {"spec": spec}, "api")
    assert len(str(raised.value)) < 500
    with pytest.raises(Invalid):
        room.store.create("VirtualMachine", {"metadata": {"name": "new"}, "spec": spec}, "api")
    template = {"kernel": {"path": "/k"}, "version": "1", "openapi": {"given": value}}
    if value != UNKEEPABLE["many"]:
        template["openapi"] = {"a": [value]}
    with pytest.raises(Invalid):
        room.store.create("Plugin", {"metadata": {"name": "new"}, "spec": template}, "api")
    assert file.read_text() == document("web")
    assert os.listdir(room.folder) == ["web.yaml"]


texts = st.text(alphabet=st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    [
        "1.10",
        "0777",
        "1e3",
        "12:30:00",
        "yes",
        "~",
        "\ufeffx",
        "a\x85b\u2028",
        "\x00\x07",
        "😀\n",
        " x ",
        "- a",
        "#",
        "a: b",
        "<<",
        "=",
        "\t",
    ]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(texts, anything, max_size=4))
def test_security_7_any_value_is_refused_or_reads_back_the_same(variables: dict[str, Any]) -> None:
    wanted = {"apiVersion": API_VERSION, "kind": "VirtualMachine", "metadata": {"name": "web"}}
    wanted["spec"] = {"cloudInit": {"variables": variables}}
    try:
        key_to_write(wanted, None)
    except Invalid:
        return
    text = readback.new_text(wanted, "/folder", "web")
    (read,) = documents.read_documents(documents.decode(text.encode())).documents
    assert equal(read.value, wanted)


def test_security_7_the_last_look_is_at_the_text_itself() -> None:
    good = document("web")
    (read,) = documents.read_documents(good).documents
    readback.check_new(good, read.value, "/", "web")
    for text, words in {
        good.replace("Always", "Never"): "choose one of", good + "x: [": "is not YAML", good + "---\n" + good: "read otherwise",
        good.replace("Always", "Halted"): "read otherwise", good + "kind: X\n": "given twice",
        good + "# \ud800": "half a character",
    }.items():  # fmt: skip
        with pytest.raises(Invalid, match=words):
            readback.check_new(text, read.value, "/", "web")
