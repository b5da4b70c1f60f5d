from __future__ import annotations

from tests.api.harness import Api, refused
from tests.api.living import Living


def test_v38_it_goes_with_all_its_machines(real: Living, name: str) -> None:
    real.install(f"p-{name}")
    real.deploy(name, f"p-{name}", 3)
    real.settles(name, *(f"{name}-{i}" for i in (1, 2, 3)))
    answer = real.http.delete(f"/api/v1/deployments/{name}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert real.http.get(f"/api/v1/vms?plugin=p-{name}").json() == []
    refused(real.http.get(f"/api/v1/deployments/{name}"), 404, "deployment_not_found")
    # Nothing makes them anew: the plugin is in use by nobody, and its name is free.
    assert real.http.delete(f"/api/v1/plugins/p-{name}").status_code == 204
    assert not real.api.written("virtualmachinedeployments", name)


def test_v38_one_that_is_still_going_is_202(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    api.deploy(name, f"p-{name}", 1)
    answer = api.http.delete(f"/api/v1/deployments/{name}?wait=0")
    assert (answer.status_code, answer.json()) == (202, {"name": name, "status": "deleting"})
    refused(api.http.patch(f"/api/v1/deployments/{name}", json={"replicas": 2}), 409, "deployment_deleting")
    body = {"name": name, "plugin": f"p-{name}", "replicas": 1}
    refused(api.http.post("/api/v1/deployments", json=body), 409, "deployment_exists")


def test_v38_an_unknown_deployment_is_404(api: Api) -> None:
    refused(api.http.delete("/api/v1/deployments/none-such"), 404, "deployment_not_found")
