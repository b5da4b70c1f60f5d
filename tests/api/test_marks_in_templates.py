"""No request puts a label or an annotation into a template that Homeostat itself goes by, by whatever route."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.harness import Api, manifest, refused

ID, LABELS = "homeostat.dev/id", "spec.template.metadata.labels"


def marked(place: str, **more: Any) -> dict[str, Any]:
    return {"replicas": 0, "template": {"metadata": {place: {ID: "hers"}}, "spec": {}}, **more}


def check(answer: httpx.Response, place: str) -> None:
    assert refused(answer, 400, "invalid_request") == {"name": ID}
    assert answer.json()["error"] == f"{place}: {ID} is written by Homeostat alone: leave it out"


@pytest.mark.parametrize("place", ["labels", "annotations"])
def test_in_a_new_deployment(api: Api, name: str, place: str) -> None:
    whole = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachineDeployment", "metadata": {"name": name}}
    for path, body in (
        ("deployments", {"name": name, "spec": marked(place)}),
        ("deployments?dryRun=true", {"name": name, "spec": marked(place)}),
        ("resources/virtualmachinedeployments", {**whole, "spec": marked(place)}),
        ("apply", {**whole, "spec": marked(place)}),
    ):
        check(api.http.post(f"/api/v1/{path}", json=body), f"spec.template.metadata.{place}")
    assert api.written("virtualmachinedeployments", name) == ""


def test_in_a_deployment_by_json_patch_and_otherwise(api: Api, name: str) -> None:
    answer = api.http.post("/api/v1/deployments", json={"name": name, "spec": {"replicas": 0, "template": {"spec": {}}}})
    assert answer.status_code == 201, answer.text
    path, before = f"/api/v1/deployments/{name}/spec", api.written("virtualmachinedeployments", name)
    operations = [{"op": "add", "path": "/template/metadata", "value": {"labels": {ID: "hers"}}}]
    check(api.http.patch(path, json=operations, headers={"Content-Type": "application/json-patch+json"}), LABELS)
    check(api.http.patch(path, json=marked("labels")), LABELS)
    check(api.http.put(path, json=marked("labels")), LABELS)
    resource = f"/api/v1/resources/virtualmachinedeployments/{name}"
    check(api.http.patch(resource, json={"spec": marked("labels")}), LABELS)
    assert api.written("virtualmachinedeployments", name) == before


def test_in_a_plugin(api: Api, name: str) -> None:
    check(api.http.post("/api/v1/plugins", json=manifest(name, labels={ID: "hers"})), "spec.labels")
    assert api.written("plugins", name) == ""


def test_in_a_schedule(api: Api, name: str) -> None:
    template = {"labels": {ID: "hers"}, "spec": {"machineRef": {"name": name}}}
    answer = api.http.post("/api/v1/snapshotschedules", json={"name": name, "spec": {"schedule": "@daily", "template": template}})
    check(answer, "spec.template.labels")
    assert api.written("snapshotschedules", name) == ""
