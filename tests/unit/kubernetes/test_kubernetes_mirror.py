"""The mirror: of two accounts of one object the newer one counts, whoever brings it and in whatever order."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from homeostat.models.base import Key
from homeostat.planner.placement import PLACEMENTS
from homeostat.store.index.index import Index
from homeostat.store.index.records import read_revisions
from homeostat.store.kubernetes.mirror import Mirror, newer

KEY = Key("VirtualMachine", "default", "web")


@pytest.fixture
def mirror(index: Index) -> Mirror:
    return Mirror(index)


def vm(version: int, uid: str = "u1", name: str = "web", **more: Any) -> dict[str, Any]:
    created = "2026-01-02T03:04:05Z"
    meta = {"name": name, "namespace": "default", "uid": uid, "resourceVersion": str(version), "creationTimestamp": created}
    return {"kind": "VirtualMachine", "metadata": {**meta, "generation": version}, "spec": {"version": version}} | more


def shown(index: Index) -> tuple[str, str] | None:
    row = index.row(KEY)
    return (row.uid, row.hash) if row else None


@pytest.mark.parametrize("order", list(itertools.permutations((8, 9, 10))))
def test_the_newest_counts_in_any_order(mirror: Mirror, index: Index, order: tuple[int, ...]) -> None:
    for version in order:
        mirror.take([vm(version)])
    assert shown(index) == ("u1", "10")


def test_a_new_process_takes_what_there_is_though_its_versions_are_lower(mirror: Mirror, index: Index) -> None:
    """The cluster was restored from a backup meanwhile."""
    mirror.take([vm(10)])
    later = Mirror(index)
    later.replace("VirtualMachine", [vm(5)], later.known("VirtualMachine"))
    assert shown(index) == ("u1", "5")
    later.take([vm(6)])
    assert shown(index) == ("u1", "6")


def test_what_has_gone_does_not_come_back(mirror: Mirror, index: Index) -> None:
    mirror.take([vm(1)])
    mirror.take([], [vm(3)])
    mirror.take([vm(2)])
    assert shown(index) is None


def test_the_end_of_one_that_was_never_known(mirror: Mirror, index: Index) -> None:
    mirror.take([], [vm(3)])
    mirror.take([vm(2)])
    assert shown(index) is None


def test_the_end_of_a_former_one_leaves_the_next(mirror: Mirror, index: Index) -> None:
    mirror.take([vm(1, "u1")])
    mirror.take([vm(5, "u2")])
    mirror.take([], [vm(4, "u1")])
    assert shown(index) == ("u2", "5")


def test_late_news_of_a_former_one_are_nothing(mirror: Mirror, index: Index) -> None:
    mirror.take([vm(1, "u1")])
    mirror.take([vm(5, "u2")])
    mirror.take([vm(3, "u1")])
    assert shown(index) == ("u2", "5")


def test_a_list_removes_what_it_lacks(mirror: Mirror, index: Index) -> None:
    mirror.take([vm(1), vm(1, "u2", "other")])
    mirror.replace("VirtualMachine", [vm(2, "u2", "other")], mirror.known("VirtualMachine"))
    assert shown(index) is None
    assert index.row(Key("VirtualMachine", "default", "other")) is not None


def test_but_not_what_came_after_it_was_asked_for(mirror: Mirror, index: Index) -> None:
    before = mirror.known("VirtualMachine")
    mirror.take([vm(9)])
    mirror.replace("VirtualMachine", [], before)
    assert shown(index) == ("u1", "9")


def test_nor_what_was_made_anew_meanwhile(mirror: Mirror, index: Index) -> None:
    mirror.take([vm(1, "u1")])
    before = mirror.known("VirtualMachine")
    mirror.take([vm(9, "u2")])
    mirror.replace("VirtualMachine", [], before)
    assert shown(index) == ("u2", "9")


def test_a_list_is_no_newer_than_its_objects(mirror: Mirror, index: Index) -> None:
    before = mirror.known("VirtualMachine")
    mirror.take([vm(9)])
    mirror.replace("VirtualMachine", [vm(7)], before)
    assert shown(index) == ("u1", "9")


def test_a_list_counts_more_than_what_was_known_before(mirror: Mirror, index: Index) -> None:
    """The cluster was restored from a backup under us."""
    mirror.take([vm(10)])
    mirror.replace("VirtualMachine", [vm(5)], mirror.known("VirtualMachine"))
    assert shown(index) == ("u1", "5")
    mirror.take([vm(6)])
    assert shown(index) == ("u1", "6")


def test_what_had_gone_is_there_again_where_a_list_has_it(mirror: Mirror, index: Index) -> None:
    mirror.take([vm(5)])
    mirror.take([], [vm(10)])
    mirror.replace("VirtualMachine", [vm(5)], mirror.known("VirtualMachine"))
    assert shown(index) == ("u1", "5")
    mirror.take([vm(6)])
    assert shown(index) == ("u1", "6")


def test_but_not_where_it_went_after_the_list_was_asked_for(mirror: Mirror, index: Index) -> None:
    mirror.take([vm(5)])
    before = mirror.known("VirtualMachine")
    mirror.take([], [vm(10)])
    mirror.replace("VirtualMachine", [vm(5)], before)
    assert shown(index) is None


def test_a_list_leaves_other_kinds_alone(mirror: Mirror, index: Index) -> None:
    mirror.take([vm(1)])
    mirror.replace("Plugin", [], mirror.known("Plugin"))
    assert shown(index) == ("u1", "1")


def test_a_status_alone_is_no_change_of_what_is_desired(mirror: Mirror, index: Index) -> None:
    mirror.take([vm(1)])
    before = index.row(KEY)
    after_status = vm(1, status={"state": "Running"})
    after_status["metadata"]["resourceVersion"] = "2"
    mirror.take([after_status])
    after = index.row(KEY)
    assert before is not None and after is not None
    assert (after.changed, after.status) == (before.changed, '{"state":"Running"}')
    assert after.version > before.version


def changed(version: int, **metadata: Any) -> dict[str, Any]:
    after = vm(1)
    after["metadata"] |= {"resourceVersion": str(version), **metadata}
    return after


@pytest.mark.parametrize(
    "metadata",
    [{"finalizers": ["homeostat.dev/teardown"]}, {"annotations": {PLACEMENTS: '{"web-1":"a"}'}}],
    ids=["finalizer", "placement"],
)
def test_what_operators_write_is_no_change_to_who_edits(mirror: Mirror, metadata: dict[str, Any]) -> None:
    mirror.take([vm(1)])
    now = changed(2, **metadata)
    assert mirror.same_since(KEY, now, "1")
    mirror.take([now])
    assert mirror.same_since(KEY, changed(3, **metadata), "1")


@pytest.mark.parametrize(
    "metadata", [{"labels": {"a": "b"}}, {"annotations": {"a": "b"}}, {"deletionTimestamp": "2026-01-02T03:04:05Z"}]
)
def test_what_others_write_is_a_change_to_who_edits(mirror: Mirror, metadata: dict[str, Any]) -> None:
    mirror.take([vm(1)])
    now = changed(2, **metadata)
    assert not mirror.same_since(KEY, now, "1")
    mirror.take([now])
    assert not mirror.same_since(KEY, now, "1")
    assert mirror.same_since(KEY, now, "2")


def test_what_is_no_object_is_passed_over(mirror: Mirror, index: Index) -> None:
    mirror.take([{"kind": "VirtualMachine"}, vm(1)])
    assert shown(index) == ("u1", "1")


@pytest.mark.parametrize(
    ("version", "known", "expected"),
    [("10", "9", True), ("9", "10", False), ("9", "9", False), ("b", "a", True), ("a", "a", False)],
)
def test_versions_are_numbers(version: str, known: str, expected: bool) -> None:
    assert newer(version, known) is expected


@pytest.mark.parametrize(
    ("manager", "labels", "author"),
    [
        ("homeostat-api", {"homeostat.dev/owner": "ada"}, "ada"),
        ("homeostat-api", {"other": "ada"}, "api"),
        ("homeostat-api", None, "api"),
        ("kubectl-apply", {"homeostat.dev/owner": "ada"}, "kubectl-apply"),
    ],
)
def test_who_made_it_is_the_account_where_it_came_by_the_api(
    mirror: Mirror, index: Index, manager: str, labels: dict[str, str] | None, author: str
) -> None:
    made = vm(1)
    made["metadata"] |= {"managedFields": [{"manager": manager, "fieldsV1": {"f:spec": {}}}]}
    made["metadata"] |= {"labels": labels} if labels is not None else {}
    mirror.take([made])
    (revision,) = read_revisions(index, KEY)
    assert revision.author == author
