from __future__ import annotations

from tests.api.harness import Api, refused
from tests.api.living import Living


def test_v18_a_running_machine_restarts(api: Api, name: str) -> None:
    api.create_running(name)
    answer = api.http.post(f"/api/v1/vms/{name}/restart")
    assert answer.status_code == 200
    assert answer.json() == {"name": name, "status": "restarting", "plugin": None}
    first = api.http.get(f"/api/v1/vms/{name}/spec").json()["restartedAt"]
    api.http.post(f"/api/v1/vms/{name}/restart")
    assert api.http.get(f"/api/v1/vms/{name}/spec").json()["restartedAt"] != first


def test_v18_it_runs_again_as_another_run(real: Living, name: str) -> None:
    """The test driver has no processes: status.run names the run as a pid would."""
    real.api.create(name)
    real.until(lambda: real.api.get(name)["status"] == "running", f"{name} runs")

    def run() -> str:
        found = real.http.get(f"/api/v1/vms/{name}?view=resource").json()
        return str(found["status"]["run"]) if found["status"]["state"] == "Running" else ""

    before = real.until(run, "it runs")
    answer = real.http.post(f"/api/v1/vms/{name}/restart")
    assert (answer.status_code, answer.json()["status"]) == (200, "restarting")
    real.until(lambda: run() not in ("", before), "it runs again")


def test_v18_an_unknown_machine_is_404(api: Api) -> None:
    refused(api.http.post("/api/v1/vms/none-such/restart"), 404, "vm_not_found")
