from __future__ import annotations

import pytest

from tests.api.harness import Api, refused


def test_v08_create_answers_the_new_machine(api: Api, name: str) -> None:
    answer = api.http.post("/api/v1/vms", json={"name": name, "config": {"resources": {"vcpu": 2, "memory_mb": 512}}})
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/v1/vms/{name}"
    made = answer.json()
    assert (made["name"], made["status"], made["plugin"], made["ip"]) == (name, "starting", None, None)
    assert made["resources"] == {"vcpu": 2, "memory_mb": 512}
    assert made["created_at"]


def test_v08_create_from_a_plugin(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    config = {"resources": {"vcpu": 4}, "cloud_init": {"user_data": "#cloud-config\npackages:\n  - curl"}}
    made = api.create(name, plugin=f"p-{name}", config=config)
    assert (made["status"], made["plugin"], made["ip"]) == ("starting", f"p-{name}", None)
    assert made["resources"] == {"vcpu": 4, "memory_mb": 256}
    written = api.written("virtualmachines", name)
    assert "pluginRef:" in written
    assert api.http.get(f"/api/v1/vms/{name}/spec").json() == {
        "pluginRef": {"name": f"p-{name}"},
        "resources": {"vcpu": 4},
        "cloudInit": {"userData": "#cloud-config\npackages:\n  - curl"},
    }


def test_v08_create_writes_it_down(api: Api, name: str) -> None:
    api.create(name, config={"resources": {"memory_mb": 1024}})
    written = api.written("virtualmachines", name)
    assert "kind: VirtualMachine" in written
    assert "1Gi" in written


def test_v08_create_from_a_native_spec(api: Api, name: str) -> None:
    spec = {"runStrategy": "Halted", "resources": {"vcpu": 3, "memory": "1Gi"}, "nics": [{"name": "net0", "user": {}}]}
    assert api.create(name, spec=spec)["status"] == "stopped"
    assert api.http.get(f"/api/v1/vms/{name}/spec").json() == spec


def test_v08_spec_and_config_exclude_each_other(api: Api, name: str) -> None:
    refused(api.http.post("/api/v1/vms", json={"name": name, "spec": {}, "config": {}}), 400, "invalid_request")


@pytest.mark.parametrize(
    "config",
    [
        {"resources": {"vcpu": 0}},
        {"resources": {"vcpu": "2"}},
        {"resources": {"vcpu": 1.5}},
        {"resources": {"memory_mb": -1}},
        {"resources": {"memory_mb": 2**40}},
        {"resources": {"cpus": 2}},
        {"cloud_init": {"user_data": 5}},
        {"network": {"mode": "bridge"}},
        {"network": {"mode": "bridge", "bridge_name": "../x"}},
    ],
)
def test_v08_a_wrong_config_is_400(api: Api, name: str, config: dict[str, object]) -> None:
    refused(api.http.post("/api/v1/vms", json={"name": name, "config": config}), 400, "invalid_request")
    refused(api.http.get(f"/api/v1/vms/{name}"), 404, "vm_not_found")


def test_v08_a_wrong_spec_names_the_field(api: Api, name: str) -> None:
    answer = api.http.post("/api/v1/vms", json={"name": name, "spec": {"resources": {"memory": "12XB"}}})
    details = refused(answer, 400, "invalid_request")
    assert "memory" in details["fields"][0]["field"]
