"""POST start brings back the runStrategy that POST stop replaced, in both modes."""

from __future__ import annotations

import pytest

from tests.api.harness import Api


@pytest.mark.parametrize(("strategy", "back"), [("Once", "start"), ("RerunOnFailure", "restart"), ("Always", "start")])
def test_br03_stop_then_start(api: Api, name: str, strategy: str, back: str) -> None:
    api.create_running(name, spec={"runStrategy": strategy})
    assert api.http.post(f"/api/v1/vms/{name}/stop", params={"wait": 0}).status_code == 202
    assert api.http.get(f"/api/v1/vms/{name}/spec").json()["runStrategy"] == "Halted"
    api.operator.stopped(name)
    answer = api.http.post(f"/api/v1/vms/{name}/{back}")
    assert (answer.status_code, answer.json()["status"]) == (200, "starting")
    spec = api.http.get(f"/api/v1/vms/{name}/spec").json()
    assert spec["runStrategy"] == strategy
    assert ("restartedAt" in spec) == (strategy != "Always")
    machine = api.operator.machine(name)
    assert machine is not None and "homeostat.dev/run-strategy" not in machine.metadata.annotations
