from __future__ import annotations

from tests.api.harness import Api, refused


def test_v15_a_stopped_machine_starts(api: Api, name: str) -> None:
    api.create(name, spec={"runStrategy": "Halted"})
    api.operator.stopped(name)
    answer = api.http.post(f"/api/v1/vms/{name}/start")
    assert answer.status_code == 200
    assert answer.json() == {"name": name, "status": "starting", "plugin": None}
    assert api.get(name)["status"] == "starting"


def test_v15_a_running_machine_is_409(api: Api, name: str) -> None:
    api.create_running(name)
    assert refused(api.http.post(f"/api/v1/vms/{name}/start"), 409, "vm_already_running") == {"name": name}


def test_v15_an_unknown_machine_is_404(api: Api) -> None:
    refused(api.http.post("/api/v1/vms/none-such/start"), 404, "vm_not_found")
