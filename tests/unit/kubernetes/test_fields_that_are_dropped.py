"""Which fields a server dropped, and what of an object is therefore not sent again."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.models.host import Host
from homeostat.store.kubernetes.dropped import REMEMBERED, DroppedFields, dropped, in_words, undeclared


@pytest.mark.parametrize(
    ("sent", "kept", "lost"),
    [
        ({"a": 1}, {"a": 2}, []),
        ({"a": 1, "b": None}, {"a": 1}, []),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, ["a.c"]),
        ({"a": [{"b": 1}, {"b": 2, "c": 3}]}, {"a": [{"b": 1}, {"b": 2}]}, ["a[].c"]),
        ({"a": ["x", "y"]}, {"a": ["y", "x", "z"]}, []),
        # Beside the items of other appliers.
        ({"a": [{"name": "x", "c": 1}]}, {"a": [{"name": "w"}, {"name": "x", "c": 1}]}, []),
        ({"a": [{"name": "x", "c": 1}]}, {"a": [{"name": "w", "c": 1}, {"name": "x"}]}, ["a[].c"]),
        # Names that are no keys.
        ({"a": [{"name": "x"}, {"name": "x", "c": 1}]}, {"a": [{"name": "x"}, {"name": "x", "c": 1}]}, []),
    ],
)
def test_what_was_sent_and_is_not_there(sent: Any, kept: Any, lost: list[str]) -> None:
    assert [in_words(path) for path in dropped(sent, kept)] == lost


def test_it_is_not_sent_for_a_while() -> None:
    now = 1000.0
    fields = DroppedFields(lambda: now)
    sent = {"status": {"place": "here", "machines": 1, "orphans": [{"name": "x", "twin": True}]}}
    fields.note(Host.KIND, sent, {"status": {"machines": 1, "orphans": [{"name": "x"}]}})

    assert fields.kept(Host.KIND, "status", sent["status"]) == {"machines": 1, "orphans": [{"name": "x"}]}
    assert fields.kept(Host.KIND, "spec", sent["status"]) == sent["status"]
    assert fields.kept("Disk", "status", sent["status"]) == sent["status"]
    now += REMEMBERED
    assert fields.kept(Host.KIND, "status", sent["status"]) == sent["status"]


def test_what_a_server_side_apply_was_refused_for() -> None:
    said = "failed to create typed patch object: errors:\n  .spec.a: field not declared in schema\n"
    said += '  .spec.disks[name="data"].bus: field not declared in schema'
    assert undeclared(said) == ["spec.a", 'spec.disks[name="data"].bus']
    assert undeclared("etcdserver: request timed out") == []
