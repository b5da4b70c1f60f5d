"""What is answered alike of every kind: one that was made, with its ETag and its place, one that goes, and a spec that is put."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.harness import Api, refused

DISK = {"size": "1Gi"}
KINDS: list[tuple[str, dict[str, Any]]] = [
    ("disks", {"spec": DISK}),
    ("networks", {"spec": {"mode": "Isolated"}}),
    ("images", {"source": {"url": "https://example.org/a.qcow2"}}),
]


@pytest.mark.parametrize(("plural", "body"), KINDS)
def test_one_that_was_made_is_shown_with_its_etag(api: Api, name: str, plural: str, body: dict[str, Any]) -> None:
    answer = api.http.post(f"/api/v1/{plural}", json={"name": name, **body})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/api/v1/{plural}/{name}"
    again = api.http.get(f"/api/v1/{plural}/{name}")
    assert answer.json()["metadata"]["name"] == again.json()["metadata"]["name"] == name
    for one in (answer, again):
        assert one.headers["ETag"] == f'"{one.json()["metadata"]["resourceVersion"]}"'


@pytest.mark.parametrize(("plural", "body"), KINDS)
def test_one_that_goes_is_answered_at_once(api: Api, name: str, plural: str, body: dict[str, Any]) -> None:
    assert api.http.post(f"/api/v1/{plural}", json={"name": name, **body}).status_code == 201
    api.operator.hold(api.http.get(f"/api/v1/{plural}/{name}").json()["kind"], name)
    answer = api.http.delete(f"/api/v1/{plural}/{name}")
    assert (answer.status_code, answer.json()) == (202, {"name": name, "status": "deleting"})
    details = refused(api.http.delete(f"/api/v1/{plural}/{name}", params={"wait": 601}), 400, "invalid_request")
    assert details == {"parameter": "wait", "given": "601"}


def test_the_spec_of_a_deployment_is_replaced(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    api.deploy(name, f"p-{name}", 1)
    path = f"/api/v1/deployments/{name}/spec"
    before = api.http.get(path)
    answer = api.http.put(path, json={**before.json(), "replicas": 3}, headers={"If-Match": before.headers["ETag"]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["spec"]["replicas"] == api.http.get(path).json()["replicas"] == 3
    refused(api.http.put(path, json=before.json(), headers={"If-Match": '"0"'}), 412, "precondition_failed")


def test_the_file_of_an_image_is_answered_with_its_place(api: Api, name: str) -> None:
    content = b"MZ" + name.encode() * 400
    answer = api.http.put(f"/api/v1/images/{name}/file", content=content, params={"format": "raw"})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/api/v1/images/{name}"
    assert answer.headers["ETag"] == f'"{answer.json()["metadata"]["resourceVersion"]}"'


def test_the_copy_of_a_disk_in_a_snapshot_needs_one_that_is_taken(api: Api, name: str) -> None:
    api.create(name, spec={"disks": [{"name": "root", "size": "1Mi"}]})
    body = {"name": f"{name}-s", "spec": {"machineRef": {"name": name}}}
    assert api.http.post("/api/v1/snapshots", json=body).status_code == 201
    for disk in ("", "root"):
        answer = api.http.get(f"/api/v1/snapshots/{name}-s/export", params={"disk": disk})
        assert answer.status_code == 409, answer.text
        assert api.http.head(f"/api/v1/snapshots/{name}-s/export", params={"disk": disk}).status_code == 409
