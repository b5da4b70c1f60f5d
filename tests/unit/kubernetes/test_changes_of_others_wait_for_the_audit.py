"""What others change in a cluster waits for the audit, once, with the field manager that did it. What we write does not."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.planner.files.trash import DELETED_BY
from homeostat.store.index import unaudited
from homeostat.store.index.index import Index
from homeostat.store.kubernetes.mirror import Mirror

CREATED = "2026-01-02T03:04:05Z"


@pytest.fixture
def mirror(index: Index) -> Mirror:
    return Mirror(index, told=True)


def vm(version: int, manager: str = "kubectl", strategy: str = "Always", deleted_by: str = "", **meta: Any) -> dict[str, Any]:
    managed = [{"manager": manager, "time": CREATED, "fieldsV1": {"f:spec": {"f:runStrategy": {}}}}]
    annotations = {}
    if deleted_by:
        annotations[DELETED_BY] = "somebody"
        marked = {"f:metadata": {"f:annotations": {f"f:{DELETED_BY}": {}}}}
        managed.append({"manager": deleted_by, "time": CREATED, "fieldsV1": marked})
    metadata = {
        "name": "web", "namespace": "default", "uid": "u1", "resourceVersion": str(version), "generation": version,
        "creationTimestamp": CREATED, "managedFields": managed, "annotations": annotations,
    }  # fmt: skip
    return {"kind": "VirtualMachine", "metadata": {**metadata, **meta}, "spec": {"runStrategy": strategy}}


def waiting(index: Index) -> list[tuple[str, str, str, str, int]]:
    return [(e.verb, e.editor.author, e.message, e.source, e.position) for e in unaudited.read(index, 100)]


def test_who_made_and_changed_it(mirror: Mirror, index: Index) -> None:
    mirror.take([vm(1)])
    mirror.take([vm(2, "flux", "Halted")])
    mirror.take([vm(2, "flux", "Halted")])
    mirror.take([vm(3, "flux", "Halted", labels={"a": "b"})])
    assert waiting(index) == [("create", "kubectl", "", "u1", 1), ("change", "flux", "spec.runStrategy", "u1", 2)]
    assert {e.editor.how for e in unaudited.read(index, 10)} == {"cluster"}


@pytest.mark.parametrize("manager", ["homeostat-api", "homeostat"])
def test_what_homeostat_does(mirror: Mirror, index: Index, manager: str) -> None:
    mirror.take([vm(1, manager)])
    mirror.take([vm(2, manager, "Halted")])
    mirror.take([vm(3, manager, "Halted", deleted_by=manager)])
    mirror.take([vm(4, manager, "Halted", deleted_by=manager, deletionTimestamp=CREATED)])
    mirror.take([], [vm(5, manager, "Halted", deleted_by=manager, deletionTimestamp=CREATED)])
    assert waiting(index) == []


def test_what_commands_do(mirror: Mirror, index: Index) -> None:
    mirror.take([vm(1, "homeostat-cli")])
    mirror.take([vm(2, "homeostat-cli", deleted_by="homeostat-cli", deletionTimestamp=CREATED)])
    assert [told[:2] for told in waiting(index)] == [("create", "cli"), ("delete", "cli")]


def test_of_a_deletion_nobody_knows_whose_it_is(mirror: Mirror, index: Index) -> None:
    mirror.take([vm(1, "homeostat-api")])
    mirror.take([vm(2, "homeostat-api", deletionTimestamp=CREATED)])
    mirror.take([vm(3, "homeostat-api", deletionTimestamp=CREATED)])
    mirror.take([], [vm(4, "homeostat-api", deletionTimestamp=CREATED)])
    assert waiting(index) == [("delete", "", "", "u1", unaudited.GONE)]


@pytest.mark.parametrize("seen", ["gone", "missing from a list"])
def test_one_that_goes_at_once(mirror: Mirror, index: Index, seen: str) -> None:
    mirror.take([vm(1, "homeostat-api")])
    if seen == "gone":
        mirror.take([], [vm(2, "homeostat-api")])
    else:
        mirror.replace("VirtualMachine", [], mirror.known("VirtualMachine"))
    assert [told[:2] for told in waiting(index)] == [("delete", "")]


def test_a_replica_goes_with_its_deployment(mirror: Mirror, index: Index) -> None:
    owner = [{"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachineDeployment", "name": "web", "uid": "u2"}]
    mirror.take([vm(1, "homeostat", ownerReferences=owner)])
    mirror.take([vm(2, "homeostat", ownerReferences=owner, deletionTimestamp=CREATED)])
    assert waiting(index) == []


def test_an_operators_own_mirror_tells_nothing(index: Index) -> None:
    Mirror(index).take([vm(1)])
    assert waiting(index) == []
