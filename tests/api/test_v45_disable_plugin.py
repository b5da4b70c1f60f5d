from __future__ import annotations

from tests.api.harness import Api, refused
from tests.api.living import Living


def test_v45_new_machines_are_refused_at_once_and_old_ones_run_on(real: Living, name: str) -> None:
    plugin = f"p-{name}"
    real.install(plugin)
    real.api.create(f"{name}-old", plugin=plugin)
    real.until(lambda: real.api.get(f"{name}-old")["status"] == "running", "it runs")
    switch = f"/api/v1/plugins/{plugin}/enabled"
    answer = real.http.post(switch, json={"enabled": False})
    assert (answer.status_code, answer.json()["enabled"]) == (200, False)
    new = {"name": f"{name}-new", "plugin": plugin}
    refused(real.http.post("/api/v1/vms", json=new), 409, "plugin_disabled")
    refused(real.http.post("/api/v1/deployments", json={**new, "replicas": 1}), 409, "plugin_disabled")
    assert real.api.get(f"{name}-old")["status"] == "running"
    assert real.http.post(f"/api/v1/vms/{name}-old/restart").status_code == 200
    assert real.http.post(switch, json={"enabled": True}).json()["enabled"] is True
    assert real.http.post("/api/v1/vms", json=new).status_code == 201
    real.until(lambda: real.running(f"{name}-") == [f"{name}-new", f"{name}-old"], "both run")


def test_v45_twice_is_once(api: Api, name: str) -> None:
    api.install(name)
    for _ in range(2):
        answer = api.http.post(f"/api/v1/plugins/{name}/enabled", json={"enabled": False})
        assert (answer.status_code, answer.json()["enabled"]) == (200, False)


def test_v45_an_unknown_plugin_is_404(api: Api) -> None:
    refused(api.http.post("/api/v1/plugins/none-such/enabled", json={"enabled": True}), 404, "plugin_not_found")
