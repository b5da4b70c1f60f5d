"""Who owns which field of a cluster's object, and what one manager applied."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.store.kubernetes.applied import applied_by, owner_of

ROOT = 'k:{"name":"root"}'


def entry(manager: str, fields: dict[str, Any], operation: str = "Apply", time: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "time": time, "fieldsV1": {"f:spec": fields}}


def item(*managed: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "web", "managedFields": list(managed)}, "spec": spec}


def test_what_was_applied_has_its_present_values() -> None:
    found = item(entry("api", {"f:resources": {"f:vcpu": {}}}), resources={"vcpu": 2, "memory": "1Gi"}, suspend=True)
    assert applied_by(found, "api") == {"spec": {"resources": {"vcpu": 2}}}


def test_items_of_lists_are_found_by_their_names() -> None:
    fields = {"f:disks": {ROOT: {".": {}, "f:name": {}, "f:size": {}}}}
    disks = [{"name": "data", "size": "1Gi"}, {"name": "root", "size": "2Gi", "bus": "virtio"}]
    assert applied_by(item(entry("api", fields), disks=disks), "api") == {"spec": {"disks": [{"name": "root", "size": "2Gi"}]}}


def test_items_of_sets_are_found_by_their_values() -> None:
    found = item(entry("api", {"f:order": {'v:"b"': {}}}), order=["a", "b"])
    assert applied_by(found, "api") == {"spec": {"order": ["b"]}}


@pytest.mark.parametrize(
    "managed", [(), (entry("other", {"f:suspend": {}}),), (entry("api", {"f:suspend": {}}, operation="Update"),)]
)
def test_who_never_applied_applied_nothing(managed: tuple[dict[str, Any], ...]) -> None:
    assert applied_by(item(*managed, suspend=True), "api") == {}


def test_a_value_that_has_gone_is_left_out() -> None:
    assert applied_by(item(entry("api", {"f:suspend": {}, "f:power": {}}), suspend=True), "api") == {"spec": {"suspend": True}}


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("resources.vcpu", "patch"),  # the other one owns the mapping, and none of its fields
        ("resources.memory", ""),
        ("disks[root].size", "apply"),
        ("disks[root]", "apply"),
        ("disks[data].size", ""),
        ("boot", "create"),
        ("boot.cmdline", "create"),  # owned as a whole
    ],
)
def test_the_owner_of_a_field(path: str, owner: str) -> None:
    managed = [
        entry("create", {"f:resources": {".": {}}, "f:boot": {}}, "Update"),
        entry("patch", {"f:resources": {"f:vcpu": {}}}, "Update"),
        entry("apply", {"f:disks": {ROOT: {"f:size": {}}}}),
    ]
    assert owner_of(managed, path) == owner


def test_of_two_owners_the_later_one_counts() -> None:
    managed = [entry("late", {"f:suspend": {}}, time="2026-01-02T00:00:00Z"), entry("early", {"f:suspend": {}})]
    assert owner_of(managed, "suspend") == "late"
