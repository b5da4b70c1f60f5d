from __future__ import annotations

from typing import Literal

import pytest

from homeostat.models.machine import MachineHealth, MachineState
from tests.api.harness import Api, refused

VOLANTS = ("runtime", "ip_address", "mac_address", "cpu_cores", "memory_mb")  # what its command line reads


def test_v14_a_machine_with_its_health(api: Api, name: str) -> None:
    api.create_running(name)
    answer = api.http.get(f"/api/v1/vms/{name}")
    assert answer.headers["ETag"]
    found = answer.json()
    assert set(found) == {"name", "status", "plugin", "ip", "pid", "created_at", "resources", "health", *VOLANTS}
    assert found["health"] == {"status": "unknown", "last_check": None}


@pytest.mark.parametrize("word", ["healthy", "unhealthy", "starting"])
def test_v14_health_is_what_the_probes_say(api: Api, name: str, word: Literal["healthy", "unhealthy", "starting"]) -> None:
    api.create(name)
    since = "2026-01-15T12:00:00Z"
    api.operator.report(name, MachineState.RUNNING, health=MachineHealth(status=word, last_check=since))
    assert api.get(name)["health"] == {"status": word, "last_check": since}


def test_v14_an_unknown_machine_is_404(api: Api) -> None:
    assert refused(api.http.get("/api/v1/vms/none-such"), 404, "vm_not_found") == {"name": "none-such"}
