from __future__ import annotations

from tests.api.harness import Api, refused


def test_v18_a_running_machine_restarts(api: Api, name: str) -> None:
    api.create_running(name)
    answer = api.http.post(f"/api/v1/vms/{name}/restart")
    assert answer.status_code == 200
    assert answer.json() == {"name": name, "status": "restarting", "plugin": None}
    first = api.http.get(f"/api/v1/vms/{name}/spec").json()["restartedAt"]
    api.http.post(f"/api/v1/vms/{name}/restart")
    assert api.http.get(f"/api/v1/vms/{name}/spec").json()["restartedAt"] != first


def test_v18_an_unknown_machine_is_404(api: Api) -> None:
    refused(api.http.post("/api/v1/vms/none-such/restart"), 404, "vm_not_found")
