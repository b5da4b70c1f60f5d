"""Labels, annotations and names that look like numbers: told as they are written, and to be quoted; written ones stay text."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.store.files.text import documents
from homeostat.store.files.text.render import render_block
from tests.unit.store_fixtures import Room, document, key

LIKE_NUMBERS = [
    "1.10",
    "0777",
    "1e3",
    "0x1F",
    "0o17",
    "1_000",
    "+1",
    ".5",
    "5.",
    "true",
    "True",
    "null",
    "~",
    "-0",
    "1.0e+5",
    "00",
]
WORDS = ["yes", "no", "on", "off", "y", "12:30:00", "2026-01-01", "2026-01-01T00:00:00Z", "1.2.3", "1_000_", "=", "<<"]


@pytest.mark.parametrize("written", LIKE_NUMBERS)
def test_findings_devices_numbers_are_told_as_they_are_written(room: Room, written: str) -> None:
    if documents.read_documents(f"a: {written}").documents[0].value == {"a": written}:
        return  # text to YAML 1.2
    text = document("a", f"restartedAt: {written}", f"hostSelector: {{zone: {written}}}")
    room.write("a.yaml", text.replace("name: a", f"name: a\n  labels:\n    version: {written}\n  annotations: {{x: {written}}}"))
    room.write("b.yaml", document(written))
    room.sync()
    if written in ("null", "~"):
        assert [line for line in room.said() if "b.yaml" in line] == ["b.yaml:4:3: metadata.name: is missing"]
        return
    for field in (
        "metadata.labels.version",
        "metadata.annotations.x",
        "spec.restartedAt",
        "spec.hostSelector.zone",
        "metadata.name",
    ):
        line = next(line for line in room.said() if field in line)
        assert line.endswith(f'must be text (got {written}): put it in quotes, "{written}"')
    assert room.names() == []


@pytest.mark.parametrize("word", WORDS)
def test_findings_devices_words_stay_words(room: Room, word: str) -> None:
    room.write("a.yaml", document("a", f"restartedAt: {word}"))
    room.sync()
    assert room.resource("a").dump()["spec"] == {"restartedAt": word}


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(LIKE_NUMBERS + WORDS) | st.from_regex(r"[-+]?[0-9][0-9_.:eExXoO+-]{0,6}", fullmatch=True))
def test_findings_devices_what_we_write_is_text_to_every_reader(text: str) -> None:
    written = render_block({"a": text, text: "b"})
    assert documents.read_documents(written).documents[0].value == {"a": text, text: "b"}
    assert yaml.safe_load(written) == {"a": text, text: "b"}  # YAML 1.1


def test_findings_devices_an_edit_keeps_them(room: Room) -> None:
    file = room.write("a.yaml", document("a", 'restartedAt: "1.10"').replace("name: a", "name: a\n  labels: {v: '0777', w: yes}"))
    for number in LIKE_NUMBERS + WORDS:
        room.store.patch(key("a"), {"metadata": {"annotations": {"n": number}}, "spec": {"poweredOffAt": number}}, "api")
        read = yaml.safe_load(file.read_text())
        assert (read["metadata"]["annotations"]["n"], read["spec"]["poweredOffAt"]) == (number, number)
    assert "'0777'" in file.read_text()
    assert 'restartedAt: "1.10"' in file.read_text()
