from __future__ import annotations

from homeostat.models.condition import Condition
from tests.api.harness import Api, refused
from tests.api.living import Living


def test_v30_a_deployment_with_its_status(real: Living, name: str) -> None:
    real.install(f"p-{name}")
    real.deploy(name, f"p-{name}", 1)
    real.settles(name, f"{name}-1")
    answer = real.http.get(f"/api/v1/deployments/{name}")
    assert answer.headers["ETag"]
    status = answer.json()["status"]
    assert status["phase"] == "running"
    available = next(c for c in status["conditions"] if c["type"] == "available")
    assert available["status"] == "true" and available["last_update"]


def test_v30_names_of_conditions_are_in_snake_case(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    api.deploy(name, f"p-{name}", 1)
    assert api.http.get(f"/api/v1/deployments/{name}").json()["status"]["phase"] == "pending"
    since = "2026-01-15T10:05:00Z"
    failed = Condition(type="ReplicaFailure", status="True", reason="MachineFailed", message="no", last_transition_time=since)
    stalled = Condition(type="Stalled", status="True", reason="MachineFailed", last_transition_time=since)
    api.operator.deployed(name, 0, failed, stalled)
    status = api.http.get(f"/api/v1/deployments/{name}").json()["status"]
    assert status["phase"] == "failed"
    assert status["conditions"][0] == {
        "type": "replica_failure",
        "status": "true",
        "last_update": since,
        "reason": "MachineFailed",
        "message": "no",
    }


def test_v30_an_unknown_deployment_is_404(api: Api) -> None:
    assert refused(api.http.get("/api/v1/deployments/none-such"), 404, "deployment_not_found") == {"name": "none-such"}
