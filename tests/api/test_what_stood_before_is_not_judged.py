"""A change is judged by what it asks for: what stood there before stays allowed, whatever came since."""

from __future__ import annotations

from tests.api.harness import Api, refused


def disable(api: Api, plugin: str) -> None:
    answer = api.http.post(f"/api/v1/plugins/{plugin}/enabled", json={"enabled": False})
    assert answer.status_code == 200, answer.text


def test_a_machine_of_a_plugin_that_was_disabled_since_can_be_changed(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    api.create(name, plugin=f"p-{name}")
    disable(api, f"p-{name}")
    answer = api.http.patch(f"/api/v1/vms/{name}/spec", json={"resources": {"vcpu": 3}})
    assert answer.status_code == 200, answer.text
    refused(api.http.post("/api/v1/vms", json={"name": f"{name}-new", "plugin": f"p-{name}"}), 409, "plugin_disabled")


def test_but_it_cannot_be_given_another_one_that_is_disabled(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    api.create(name, config={"resources": {"vcpu": 1}})
    disable(api, f"p-{name}")
    answer = api.http.patch(f"/api/v1/vms/{name}/spec", json={"pluginRef": {"name": f"p-{name}"}})
    refused(answer, 409, "plugin_disabled")


def test_a_deployment_of_a_plugin_whose_machines_end_since_can_be_changed(api: Api, name: str) -> None:
    served, other = f"p-{name}", f"b-{name}"
    api.install(served, workload={"type": "daemon"})
    api.install(other, workload={"type": "batch"})
    api.deploy(name, served)
    api.where.rewrite("plugins", served, "daemon", "batch")
    spec = f"/api/v1/deployments/{name}/spec"
    for patch in ({"paused": True}, {"replicas": 2}, {"template": {"spec": {"resources": {"vcpu": 3}}}}):
        answer = api.http.patch(spec, json=patch)
        assert answer.status_code == 200, answer.text
    answer = api.http.patch(spec, json={"template": {"spec": {"pluginRef": {"name": other}}}})
    assert refused(answer, 400, "invalid_request") == {"plugin": other}, "that is another one whose machines end"


def test_a_deployment_of_which_there_can_be_one_machine_can_be_changed(api: Api, name: str) -> None:
    template = {"spec": {"nics": [{"name": "lan", "network": "default", "mac": "52:54:00:11:22:44"}]}}
    made = api.http.post("/api/v1/deployments", json={"name": name, "spec": {"replicas": 0, "template": template}})
    assert made.status_code == 201, made.text
    api.where.rewrite("virtualmachinedeployments", name, "replicas: 0", "replicas: 2")
    answer = api.http.patch(f"/api/v1/deployments/{name}/spec", json={"paused": True})
    assert answer.status_code == 200, answer.text
