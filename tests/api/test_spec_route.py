"""Our extension: the native spec."""

from __future__ import annotations

from tests.api.harness import Api, refused


def test_put_replaces_the_spec(api: Api, name: str) -> None:
    api.create(name, spec={"resources": {"vcpu": 2, "memory": "1Gi"}, "nics": [{"name": "n", "user": {}}]})
    wanted = {"resources": {"vcpu": 3}, "runStrategy": "Manual", "power": "Stopped"}
    answer = api.http.put(f"/api/v1/vms/{name}/spec", json=wanted)
    assert answer.status_code == 200, answer.text
    assert answer.json()["spec"] == wanted
    assert api.http.get(f"/api/v1/vms/{name}/spec").json() == wanted


def test_patch_merges_into_the_spec(api: Api, name: str) -> None:
    api.create(name, spec={"resources": {"vcpu": 2, "memory": "1Gi"}})
    change = {"resources": {"memory": None}, "suspend": True}
    answer = api.http.patch(f"/api/v1/vms/{name}/spec", json=change, headers={"Content-Type": "application/merge-patch+json"})
    assert answer.json()["spec"] == {"resources": {"vcpu": 2}, "suspend": True}


def test_an_unknown_field_is_400(api: Api, name: str) -> None:
    api.create(name)
    answer = api.http.patch(f"/api/v1/vms/{name}/spec", json={"resource": {"vcpu": 2}})
    assert "resource" in refused(answer, 400, "invalid_request")["fields"][0]["field"]


def test_a_stale_etag_is_412(api: Api, name: str) -> None:
    api.create(name)
    refused(api.http.put(f"/api/v1/vms/{name}/spec", json={}, headers={"If-Match": '"0"'}), 412, "precondition_failed")
    refused(api.http.put(f"/api/v1/vms/{name}/spec", json={}, headers={"If-Match": "x"}), 400, "invalid_request")
