from __future__ import annotations

import yaml

from tests.api.harness import Api
from tests.api.living import Living
from tests.api.modes import said


def test_v27_it_is_answered_before_it_is_carried_out(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    made = api.deploy(name, f"p-{name}", 3)
    assert made.pop("created_at")
    assert made.pop("desired_replicas") == 3 and made.pop("config")["plugin"] == f"p-{name}"
    assert made == {"name": name, "plugin": f"p-{name}", "replicas": 3, "ready_replicas": 0, "vms": []}


def test_v27_it_is_so_with_an_operator_too(real: Living, name: str) -> None:
    real.install(f"p-{name}")
    body = {"name": name, "plugin": f"p-{name}", "replicas": 2}
    answer = real.http.post("/api/v1/deployments", json=body)
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/v1/deployments/{name}"
    assert (answer.json()["ready_replicas"], answer.json()["vms"]) == (0, [])


def test_v27_it_becomes_a_yaml_document(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    api.deploy(name, f"p-{name}", 3)
    document = yaml.safe_load(api.written("virtualmachinedeployments", name))
    spec = document.pop("spec")
    assert document == {
        "apiVersion": "homeostat.dev/v1alpha1",
        "kind": "VirtualMachineDeployment",
        "metadata": {"name": name},
    }
    wanted = {"replicas": 3, "template": {"spec": {"pluginRef": {"name": f"p-{name}"}}}}
    assert said("VirtualMachineDeployment", spec) == said("VirtualMachineDeployment", wanted)


def test_v27_a_native_spec_says_everything(api: Api, name: str) -> None:
    spec = {"replicas": 2, "strategy": {"type": "Recreate"}, "template": {"spec": {"resources": {"vcpu": 3}}}}
    answer = api.http.post("/api/v1/deployments", json={"name": name, "spec": spec})
    assert (answer.status_code, answer.json()["plugin"], answer.json()["replicas"]) == (201, None, 2)
    found = api.http.get(f"/api/v1/deployments/{name}/spec").json()
    assert said("VirtualMachineDeployment", found) == said("VirtualMachineDeployment", spec)
    change = {"paused": True, "template": {"spec": {"resources": {"vcpu": 4}}}}
    changed = api.http.patch(f"/api/v1/deployments/{name}/spec", json=change)
    assert changed.status_code == 200
    assert said("VirtualMachineDeployment", changed.json()["spec"]) == said("VirtualMachineDeployment", {**spec, **change})
