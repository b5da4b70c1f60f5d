"""A key of labels, annotations or environment without a value is named with its line; a field without one is not given."""

from __future__ import annotations

import pytest

from tests.unit.store_fixtures import Room, document


@pytest.mark.parametrize("value", ["", "null", "~"])
def test_a_label_without_a_value_is_named(room: Room, value: str) -> None:
    room.write(
        "web.yaml",
        document("web", "nics:", f"hostSelector: {{rack: {value}}}").replace(
            "  name: web", f"  name: web\n  labels:\n    tier: {value}"
        ),
    )
    room.sync()
    said = 'has no value: write one, "" for an empty one, or remove it'
    assert room.said() == [f"web.yaml:6:5: metadata.labels.tier: {said}", f"web.yaml:9:18: spec.hostSelector.rack: {said}"]
    assert room.names() == []


def test_an_empty_label_and_fields_without_a_value_are_taken(room: Room) -> None:
    room.write("web.yaml", document("web", "nics:", "cloudInit:", "hostSelector: {rack: ''}"))
    room.sync()
    assert room.said() == []
    assert room.resource("web").dump()["spec"] == {"hostSelector": {"rack": ""}}
