from __future__ import annotations

from tests.api.harness import Api, refused


def test_v17_force_cuts_the_power(api: Api, name: str) -> None:
    api.create_running(name)
    api.http.post(f"/api/v1/vms/{name}/stop?force=true&wait=0")
    spec = api.http.get(f"/api/v1/vms/{name}/spec").json()
    assert spec["runStrategy"] == "Halted"
    assert spec["poweredOffAt"]


def test_v17_force_is_true_or_false(api: Api, name: str) -> None:
    api.create_running(name)
    refused(api.http.post(f"/api/v1/vms/{name}/stop?force=maybe"), 400, "invalid_request")
