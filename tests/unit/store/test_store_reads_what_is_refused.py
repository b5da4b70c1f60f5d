"""A resource that the models refuse is read without what they refuse, so that readers do not miss it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from homeostat.models.kinds import KINDS
from homeostat.store.index.refused import SMALL, left_to_delete, stand_in
from homeostat.store.index.row import Row


def row(kind: str, spec: Any, **more: Any) -> Row:
    fields: dict[str, Any] = {
        "kind": kind, "namespace": "default", "name": "web", "uid": "u-1", "generation": 3, "version": 7, "changed": 7,
        "metadata": '{"labels":{"homeostat.dev/owner":"bob"}}', "spec": json.dumps(spec), "status": None, "file": None,
        "document": None, "item": None, "line": None, "hash": "41", "created": "2026-01-31T12:00:00Z", "deleted": None,
        "grace": None, "finalizers": "[]",
    }  # fmt: skip
    return Row(**fields | more)


def test_only_what_is_refused_is_left_out() -> None:
    disks = [{"name": "os", "size": "1Gi"}, {"name": "cd", "type": "cdrom", "size": "1Gi"}, {"name": "data", "size": "2Gi"}]
    found = stand_in(row("VirtualMachine", {"resources": {"memory": "64Mi"}, "disks": disks, "runStrategy": "Sometimes"}))
    assert found is not None and found.metadata.labels == {"homeostat.dev/owner": "bob"}
    spec = found.spec.dump()
    assert spec["resources"]["memory"] == "64Mi" and [disk["name"] for disk in spec["disks"]] == ["os", "data"]


def test_of_a_list_each_item_that_is_refused_goes_and_no_other() -> None:
    cdroms = [{"name": f"cd{number}", "type": "cdrom", "size": "1Gi"} for number in range(2)]
    found = stand_in(row("VirtualMachine", {"disks": [*cdroms, {"name": "os", "size": "1Gi"}]}))
    assert found is not None and [disk["name"] for disk in found.spec.dump()["disks"]] == ["os"]


def test_what_is_wrong_with_a_whole_part_leaves_out_that_part() -> None:
    found = stand_in(row("VirtualMachine", {"resources": {"vcpu": 4, "maxVcpu": 2}, "updatePolicy": "Immediate"}))
    assert found is not None and found.spec.dump()["updatePolicy"] == "Immediate"


def test_a_deployment_counts_as_many_as_before() -> None:
    template = {"spec": {"runStrategy": "Halted", "resources": {"memory": "64Mi"}}}
    found = stand_in(row("VirtualMachineDeployment", {"replicas": 3, "template": template}))
    assert found is not None
    spec = found.spec.dump()
    assert (spec["replicas"], spec["template"]["spec"]["resources"]["memory"]) == (3, "64Mi")


def test_of_a_large_one_only_the_least_is_read() -> None:
    """To leave out each field alone would take seconds."""
    template = {"spec": {"runStrategy": "Halted", "cloudInit": {"userData": "#" * SMALL}}}
    found = stand_in(row("VirtualMachineDeployment", {"replicas": 3, "template": template}))
    assert found is not None and found.spec.dump()["replicas"] == 0


@pytest.mark.parametrize("kind", sorted(one.KIND for one in KINDS))
@pytest.mark.parametrize("spec", [[], "no", {"nonsense": [1, {"deep": None}]}], ids=["list", "text", "field"])
def test_of_each_kind_there_is_a_least(kind: str, spec: Any) -> None:
    found = stand_in(row(kind, spec))
    assert found is not None and found.kind == kind and found.metadata.uid == "u-1"


def test_nothing_is_read_of_one_whose_name_is_refused() -> None:
    assert stand_in(row("VirtualMachine", {}, name="No Name")) is None


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"gracePeriodSeconds": 3600, "onTimeout": "Wait"}, {"gracePeriodSeconds": 3600, "onTimeout": "Wait"}),
        ({"gracePeriodSeconds": 1}, {"gracePeriodSeconds": 1}),
        ({"gracePeriodSeconds": "soon"}, None),
        (None, {}),
    ],
    ids=str,
)
def test_a_machine_that_goes_is_shut_down_as_it_says(said: Any, kept: Any) -> None:
    """Power is cut by an explicit policy only, whatever else is wrong with the machine."""
    spec = {"resources": {"vcpu": 4, "maxVcpu": 2}, "reclaimPolicy": "Delete", "shutdown": said}
    left = left_to_delete(row("VirtualMachine", {name: value for name, value in spec.items() if value is not None}))
    assert left is not None and left["reclaimPolicy"] == "Delete"
    assert left.get("shutdown") == (kept or None)
