from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.harness import Api, refused, serving


@pytest.mark.parametrize("replicas", [-1, 1.5, 3.0, "3", True, 1001, 10**12, [], {}])
def test_v28_replicas_that_are_no_number_of_machines(api: Api, name: str, replicas: object) -> None:
    api.install(f"p-{name}")
    body = {"name": name, "plugin": f"p-{name}", "replicas": replicas}
    refused(api.http.post("/api/v1/deployments", json=body), 400, "invalid_request")
    refused(api.http.get(f"/api/v1/deployments/{name}"), 404, "deployment_not_found")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"plugin": "p"},
        {"name": "web"},
        {"name": "Web", "plugin": "p"},
        {"name": "a" * 60, "plugin": "p"},
        {"name": "web", "plugin": "p", "spec": {}},
        {"name": "web", "plugin": "p", "replica": 3},
        {"name": "web", "plugin": 3},
        {"name": "web", "plugin": "p", "config": {"resources": {"vcpu": 0}}},
        {"name": "web", "spec": {}},
        {"name": "web", "spec": {"template": {}, "strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}}},
        {"name": "web", "spec": {"template": {"spec": {"power": "Running"}}}},
        {"name": "web", "spec": {"template": {"spec": {"probes": {"readiness": {"tcpSocket": {"port": 0}}}}}}},
    ],
)
def test_v28_what_is_no_deployment_is_400(api: Api, body: dict[str, object]) -> None:
    refused(api.http.post("/api/v1/deployments", json=body), 400, "invalid_request")


def test_v28_an_unknown_plugin_is_404(api: Api, name: str) -> None:
    answer = api.http.post("/api/v1/deployments", json={"name": name, "plugin": "nope", "replicas": 1})
    assert refused(answer, 404, "plugin_not_found") == {"name": "nope"}


def test_v28_a_disabled_plugin_is_409(api: Api, name: str) -> None:
    api.install(f"p-{name}", enabled=False)
    answer = api.http.post("/api/v1/deployments", json={"name": name, "plugin": f"p-{name}", "replicas": 1})
    refused(answer, 409, "plugin_disabled")


def test_v28_a_name_in_use_is_409(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    api.deploy(name, f"p-{name}")
    answer = api.http.post("/api/v1/deployments", json={"name": name, "plugin": f"p-{name}", "replicas": 1})
    refused(answer, 409, "deployment_exists")


def test_v28_the_limit_of_replicas_can_be_set(tmp_path: Path) -> None:
    with serving(tmp_path, "--max-replicas", "5") as api:
        api.install("p")
        api.deploy("web", "p", 5)
        body = {"name": "more", "plugin": "p", "replicas": 6}
        assert refused(api.http.post("/api/v1/deployments", json=body), 400, "invalid_request") == {"max_replicas": 5}
        native = {"name": "more", "spec": {"replicas": 6, "template": {}}}
        refused(api.http.post("/api/v1/deployments", json=native), 400, "invalid_request")
        refused(api.http.patch("/api/v1/deployments/web", json={"replicas": 6}), 400, "invalid_request")
        refused(api.http.patch("/api/v1/deployments/web/spec", json={"replicas": 6}), 400, "invalid_request")


def test_v28_a_batch_plugin_is_400_since_its_machines_end(api: Api, name: str) -> None:
    batch, served = f"b-{name}", f"p-{name}"
    api.install(batch, workload={"type": "batch"})
    api.install(served)
    for body in ({"plugin": batch, "replicas": 1}, {"spec": {"template": {"spec": {"pluginRef": {"name": batch}}}}}):
        answer = api.http.post("/api/v1/deployments", json={"name": name, **body})
        assert refused(answer, 400, "invalid_request") == {"plugin": batch}
        assert "its machines run once, to completion" in answer.json()["error"]
    refused(api.http.get(f"/api/v1/deployments/{name}"), 404, "deployment_not_found")
    api.deploy(name, served)
    spec = f"/api/v1/deployments/{name}/spec"
    refused(api.http.patch(spec, json={"template": {"spec": {"pluginRef": {"name": batch}}}}), 400, "invalid_request")
    over_and_over = {"template": {"spec": {"pluginRef": {"name": batch}, "runStrategy": "Always"}}}
    assert api.http.patch(spec, json=over_and_over).status_code == 200
    assert api.http.patch(f"/api/v1/deployments/{name}", json={"replicas": 2}).status_code == 200
    refused(api.http.patch(spec, json={"template": {"spec": {"runStrategy": None}}}), 400, "invalid_request")


@pytest.mark.parametrize("strategy", ["Once", "Halted", "Manual"])
def test_v28_machines_that_are_not_kept_running_are_400(api: Api, name: str, strategy: str) -> None:
    body = {"name": name, "spec": {"template": {"spec": {"runStrategy": strategy}}}}
    answer = api.http.post("/api/v1/deployments", json=body)
    refused(answer, 400, "invalid_request")
    assert f"template.spec.runStrategy must be Always or RerunOnFailure (it is {strategy})" in answer.json()["error"]


def test_br05_a_template_for_one_machine_is_400_where_there_may_be_two(api: Api, name: str) -> None:
    template = {"spec": {"nics": [{"name": "lan", "network": "default", "mac": "52:54:00:11:22:33"}]}}
    body = {"name": name, "spec": {"replicas": 2, "template": template}}
    answer = api.http.post("/api/v1/deployments", json=body)
    refused(answer, 400, "invalid_request")
    assert "nics[lan]: mac 52:54:00:11:22:33 is for one machine only, but there may be 3" in answer.text
    body["spec"] |= {"replicas": 0}
    assert api.http.post("/api/v1/deployments", json=body).status_code == 201
    refused(api.http.patch(f"/api/v1/deployments/{name}", json={"replicas": 2}), 400, "invalid_request")
    document = {"replicas": 1, "strategy": {"type": "Recreate"}}
    assert api.http.patch(f"/api/v1/deployments/{name}/spec", json=document).status_code == 200
    refused(api.http.patch(f"/api/v1/deployments/{name}", json={"replicas": 2}), 400, "invalid_request")
    refused(api.http.patch(f"/api/v1/deployments/{name}/spec", json={"replicas": 2}), 400, "invalid_request")
