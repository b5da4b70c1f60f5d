"""Our extension: a spec changed by JSON Patch (RFC 6902): all of it, or nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.harness import Api, refused

TYPE = {"Content-Type": "application/json-patch+json"}
SPEC = {"resources": {"vcpu": 2, "memory": "1Gi"}, "nics": [{"name": "n", "user": {}}]}


def patch(api: Api, name: str, operations: Any, kind: str = "vms", **headers: str) -> httpx.Response:
    return api.http.patch(f"/api/v1/{kind}/{name}/spec", json=operations, headers={**TYPE, **headers})


def test_all_operations_are_carried_out(api: Api, name: str) -> None:
    api.create(name, spec=SPEC)
    answer = patch(
        api,
        name,
        [
            {"op": "test", "path": "/resources/vcpu", "value": 2},
            {"op": "replace", "path": "/resources/vcpu", "value": 4},
            {"op": "add", "path": "/nics/-", "value": {"name": "m", "network": "default"}},
            {"op": "copy", "from": "/resources/memory", "path": "/labelled"},
            {"op": "remove", "path": "/labelled"},
            {"op": "move", "from": "/nics/0", "path": "/nics/1"},
        ],
    )
    assert answer.status_code == 200, answer.text
    wanted = {"resources": {"vcpu": 4, "memory": "1Gi"}, "nics": [{"name": "m", "network": "default"}, {"name": "n", "user": {}}]}
    assert answer.json()["spec"] == wanted
    assert api.http.get(f"/api/v1/vms/{name}/spec").json() == wanted


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        ({"op": "test", "path": "/resources/vcpu", "value": 3}, "operation 1 (test /resources/vcpu): it is 2"),
        ({"op": "replace", "path": "/disks/0/size", "value": "1Gi"}, "operation 1 (replace /disks/0/size): there is no /disks"),
        ({"op": "replace", "path": "/resources/vcpu", "value": -1}, "vcpu"),
        ({"op": "add", "path": "/resource", "value": {}}, "resource"),
        ({"op": "jump", "path": "/resources"}, "operation 1 (jump /resources): op must be one of"),
    ],
    ids=str,
)
def test_one_that_fails_leaves_all_as_it_was(api: Api, name: str, operation: Any, why: str) -> None:
    api.create(name, spec=SPEC)
    before = api.http.get(f"/api/v1/vms/{name}/spec")
    answer = patch(api, name, [{"op": "replace", "path": "/resources/memory", "value": "2Gi"}, operation])
    refused(answer, 400, "invalid_request")
    assert why in answer.json()["error"]
    after = api.http.get(f"/api/v1/vms/{name}/spec")
    assert (after.json(), after.headers["ETag"]) == (before.json(), before.headers["ETag"])


def test_the_failing_operation_is_named_for_programs(api: Api, name: str) -> None:
    api.create(name)
    found = refused(patch(api, name, [{"op": "remove", "path": "/boot"}]), 400, "invalid_request")
    assert found == {"operation": 0, "op": "remove", "path": "/boot"}


def test_an_object_is_no_json_patch(api: Api, name: str) -> None:
    api.create(name)
    refused(patch(api, name, {"resources": {}}), 400, "invalid_request")
    refused(api.http.patch(f"/api/v1/vms/{name}/spec", json=[]), 400, "invalid_request")


def test_a_stale_etag_is_412(api: Api, name: str) -> None:
    api.create(name)
    answer = patch(api, name, [{"op": "add", "path": "/suspend", "value": True}], **{"If-Match": '"0"'})
    refused(answer, 412, "precondition_failed")


def test_a_deployment_takes_it_too(api: Api, name: str) -> None:
    template = {"spec": {"resources": {"vcpu": 1}}}
    made = api.http.post("/api/v1/deployments", json={"name": name, "spec": {"replicas": 1, "template": template}})
    assert made.status_code == 201, made.text
    answer = patch(api, name, [{"op": "replace", "path": "/template/spec/resources/vcpu", "value": 2}], "deployments")
    assert answer.json()["spec"]["template"]["spec"]["resources"] == {"vcpu": 2}
    found = {change["field"]: change["disruption"] for change in answer.json()["changes"]}
    assert found == {"template.spec.resources.vcpu": "NeedsReplace"}


def test_its_media_type_is_written_in_any_case(api: Api, name: str) -> None:
    api.create(name, spec=SPEC)
    operations = [{"op": "replace", "path": "/resources/vcpu", "value": 3}]
    answer = patch(api, name, operations, **{"Content-Type": "Application/JSON-Patch+JSON; a=b"})
    assert answer.status_code == 200 and answer.json()["spec"]["resources"]["vcpu"] == 3, answer.text
