from __future__ import annotations

from tests.api.harness import Api


def test_v19_restart_of_a_stopped_machine_starts_it(api: Api, name: str) -> None:
    api.create(name, spec={"runStrategy": "Halted"})
    api.operator.stopped(name)
    answer = api.http.post(f"/api/v1/vms/{name}/restart")
    assert (answer.status_code, answer.json()["status"]) == (200, "starting")
    assert api.http.get(f"/api/v1/vms/{name}/spec").json()["runStrategy"] == "Always"
