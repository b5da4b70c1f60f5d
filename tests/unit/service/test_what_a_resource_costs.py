"""What each kind of resource costs its owner."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.accounts.charges.measures import Measure
from homeostat.models.base import API_VERSION, Resource
from homeostat.models.kinds import BY_KIND, KINDS
from homeostat.service.charges.costs import COSTLY, NONE_FOUND, DiskSizes, cost_of, unsized, upload_cost

GIB = 2**30


def made(kind: str, spec: dict[str, Any], status: dict[str, Any] | None = None, **meta: Any) -> Resource:
    document = {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": "x", **meta}, "spec": spec}
    return BY_KIND[kind].model_validate({**document, **({"status": status} if status else {})})


def cost(resource: Resource, sizes: DiskSizes = NONE_FOUND) -> dict[str, int] | None:
    found = cost_of(resource, sizes)
    return None if found is None else {measure.value: amount for measure, amount in found.items()}


MACHINE = {
    "resources": {"vcpu": 2, "memory": "1Gi"},
    "disks": [{"name": "a", "size": "3Gi"}, {"name": "b", "image": {"path": "/i"}}, {"name": "c", "diskRef": {"name": "d"}}],
}


@pytest.mark.parametrize(
    ("more", "running"),
    [
        ({}, 1),
        ({"runStrategy": "Halted"}, 0),
        ({"runStrategy": "Manual"}, 0),
        ({"runStrategy": "Manual", "power": "Running"}, 1),
    ],
)
def test_a_machine(more: dict[str, Any], running: int) -> None:
    found = cost(made("VirtualMachine", {**MACHINE, **more}))
    assert found == {"machines": 1, "running": running, "vcpus": 2, "memory": GIB, "disk": 3 * GIB}


def test_a_machine_costs_what_it_may_come_to_have() -> None:
    resources = {"vcpu": 1, "maxVcpu": 4, "memory": "1Gi", "maxMemory": "2Gi"}
    found = cost(made("VirtualMachine", {"resources": resources}))
    assert found == {"machines": 1, "running": 1, "vcpus": 4, "memory": 2 * GIB, "disk": 0}


@pytest.mark.parametrize(
    ("spec", "most"),
    [
        ({"replicas": 4}, 5),
        ({"replicas": 5}, 7),
        ({"replicas": 0}, 0),
        ({"replicas": 4, "strategy": {"type": "Recreate"}}, 4),
        ({"replicas": 4, "strategy": {"rollingUpdate": {"maxSurge": 3}}}, 7),
    ],
)
def test_a_deployment_costs_its_maximum(spec: dict[str, Any], most: int) -> None:
    found = cost(made("VirtualMachineDeployment", {**spec, "template": {"spec": MACHINE}}))
    assert found == {"machines": most, "running": most, "vcpus": 2 * most, "memory": most * GIB, "disk": 3 * most * GIB}


def test_its_machines_cost_nothing_themselves() -> None:
    owner = {"apiVersion": API_VERSION, "kind": "VirtualMachineDeployment", "name": "web", "uid": "1", "controller": True}
    assert cost(made("VirtualMachine", MACHINE, ownerReferences=[owner])) is None


@pytest.mark.parametrize(
    ("seen", "elsewhere", "disk"),
    [
        ({}, {}, 3),
        ({"b": 5}, {}, 8),
        ({}, {"b": 6}, 9),
        ({"b": 5}, {"b": 6}, 8),
        ({"a": 7, "c": 7, "gone": 7}, {"a": 7, "c": 7}, 3),
    ],
    ids=["nobody knows", "seen", "known elsewhere", "seen and known", "of other disks"],
)
def test_a_disk_without_a_size_costs_what_it_is_found_to_have(seen: dict[str, int], elsewhere: dict[str, int], disk: int) -> None:
    status = {"disks": [{"name": name, "size": size * GIB} for name, size in seen.items()]}
    sizes = {name: size * GIB for name, size in elsewhere.items()}
    machine = made("VirtualMachine", MACHINE, status)
    assert (cost(machine, sizes) or {})["disk"] == disk * GIB
    assert [device.name for device in unsized(machine)] == ([] if "b" in seen else ["b"])


def test_each_machine_of_a_deployment_costs_that() -> None:
    deployment = made("VirtualMachineDeployment", {"replicas": 4, "template": {"spec": MACHINE}})
    assert (cost(deployment, {"b": 2 * GIB}) or {})["disk"] == 5 * (3 + 2) * GIB
    assert [device.name for device in unsized(deployment)] == ["b"]


def test_a_cdrom_costs_nothing() -> None:
    machine = made("VirtualMachine", {"disks": [{"name": "iso", "type": "cdrom", "image": {"path": "/i"}}]})
    assert (cost(machine, {"iso": GIB}) or {})["disk"] == 0
    assert unsized(machine) == () == unsized(made("Disk", {"size": "1Gi"}))


def test_a_disk_costs_its_size_once_that_is_known() -> None:
    copy = {"source": {"diskRef": {"name": "other"}}}
    assert cost(made("Disk", {"size": "2Gi"})) == {"disk": 2 * GIB}
    assert cost(made("Disk", copy)) == {}
    assert cost(made("Disk", copy, {"virtualSize": "5Gi"})) == {"disk": 5 * GIB}


def test_an_upload_costs_the_same_as_its_image() -> None:
    assert cost(made("Image", {"source": {"upload": {}}})) == {"uploads": 1}
    assert cost(made("Image", {"source": {"upload": {}}}, {"size": "1Gi"})) == {"uploads": 1, "disk": GIB}
    assert upload_cost(GIB) == {Measure.UPLOADS: 1, Measure.DISK: GIB}
    assert upload_cost(None, 7) == {Measure.UPLOADS: 1, Measure.DISK: 7}
    assert cost(made("Image", {"source": {"url": "https://images.example/a.qcow2"}})) is None


def test_a_snapshot_counts() -> None:
    assert cost(made("Snapshot", {"machineRef": {"name": "x"}})) == {"snapshots": 1}


def test_nothing_else_costs_anything() -> None:
    others = {kind.KIND for kind in KINDS} - {kind.KIND for kind in COSTLY}
    assert "Plugin" in others
    assert cost(made("Network", {"addresses": [{"cidr": "10.0.0.1/24"}]})) is None
