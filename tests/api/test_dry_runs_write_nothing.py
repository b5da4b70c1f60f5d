"""Whatever is asked for as a dry run is judged and answered, and not made; a route that knows none refuses it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.api.harness import Api, manifest, refused

DRY = {"dryRun": "true"}
SOURCE = {"source": {"url": "https://images.example.org/base.qcow2"}}
SPECS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "virtualmachines": ("VirtualMachine", {}),
    "virtualmachinedeployments": ("VirtualMachineDeployment", {"replicas": 0, "template": {"spec": {}}}),
    "plugins": ("Plugin", {"version": "1", "rootfs": {"url": "https://images.example.org/base.qcow2"}}),
    "networks": ("Network", {"mode": "Isolated"}),
    "disks": ("Disk", {"size": "1Gi"}),
    "images": ("Image", SOURCE),
    "snapshots": ("Snapshot", {"machineRef": {"name": "subject"}}),
    "snapshotschedules": ("SnapshotSchedule", {"schedule": "@daily", "template": {"spec": {"machineRef": {"name": "subject"}}}}),
}


def there(api: Api, plural: str, name: str) -> int:
    return api.http.get(f"/api/v1/resources/{plural}/{name}").status_code


@pytest.fixture(autouse=True)
def _subject(api: Api) -> None:
    if there(api, "virtualmachines", "subject") == 404:
        api.create("subject")


def test_every_kind_that_is_declared_here(api: Api) -> None:
    kinds = api.http.get("/api/v1/resources").json()["kinds"]
    assert {one["plural"] for one in kinds if one["declared"]} - {"hosts"} == set(SPECS)


@pytest.mark.parametrize("plural", SPECS)
def test_a_resource_of_any_kind(api: Api, name: str, plural: str) -> None:
    kind, spec = SPECS[plural]
    document = {"apiVersion": "homeostat.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    path = f"/api/v1/resources/{plural}"
    answer = api.http.post(path, json=document, params=DRY)
    assert answer.status_code == 200 and "Location" not in answer.headers, answer.text
    found = answer.json()
    assert found["dry_run"] is True and found["resource"]["metadata"]["name"] == name and found["changes"] == []
    assert there(api, plural, name) == 404 and api.written(plural, name) == ""
    assert api.http.post(path, json=document, params={"dryRun": "false"}).status_code == 201
    dry, again = api.http.post(path, json=document, params=DRY), api.http.post(path, json=document)
    assert dry.status_code == 409 and dry.text == again.text, "what is refused is refused alike"


OWN: Mapping[str, tuple[str, dict[str, Any]]] = {
    "vms": ("virtualmachines", {}),
    "deployments": ("virtualmachinedeployments", {"spec": SPECS["virtualmachinedeployments"][1]}),
    "plugins": ("plugins", manifest("")),
    "images": ("images", SOURCE),
    **{plural: (plural, {"spec": SPECS[plural][1]}) for plural in ("disks", "networks", "snapshots", "snapshotschedules")},
}


@pytest.mark.parametrize("path", OWN)
def test_a_route_of_its_own(api: Api, name: str, path: str) -> None:
    plural, body = OWN[path]
    answer = api.http.post(f"/api/v1/{path}", json={**body, "name": name}, params=DRY)
    assert answer.status_code == 200 and answer.json()["dry_run"] is True, answer.text
    assert there(api, plural, name) == 404 and api.written(plural, name) == ""
    refused(api.http.post(f"/api/v1/{path}", json={**body, "name": name}, params={"dryRun": "perhaps"}), 400, "invalid_request")


def test_a_file_is_not_sent_for_one(api: Api, name: str) -> None:
    answer = api.http.post("/api/v1/images", params=DRY, data={"name": name}, files={"file": ("a.img", b"\0" * 1024)})
    assert refused(answer, 400, "invalid_request") == {"parameter": "dryRun"} and there(api, "images", name) == 404


def test_a_route_that_knows_none(api: Api, name: str) -> None:
    api.create(name)
    for method, path in (
        ("DELETE", f"vms/{name}"), ("DELETE", f"resources/virtualmachines/{name}"), ("POST", f"vms/{name}/stop"),
        ("PATCH", f"vms/{name}/config"),
    ):  # fmt: skip
        answer = api.http.request(method, f"/api/v1/{path}", params=DRY)
        assert refused(answer, 400, "invalid_request") == {"parameter": "dryRun"} and "nothing was done" in answer.text
    assert there(api, "virtualmachines", name) == 200
    assert api.http.put(f"/api/v1/vms/{name}", params=DRY).status_code == 405, "which nothing answers"
    assert api.http.get(f"/api/v1/vms/{name}", params=DRY).status_code == 200, "which changes nothing anyway"
