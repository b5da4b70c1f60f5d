from __future__ import annotations

from tests.api.harness import refused
from tests.api.living import Living


def test_a_replica_stops_starts_and_changes_like_any_machine(real: Living, name: str) -> None:
    real.install(f"p-{name}")
    real.deploy(name, f"p-{name}", 1)
    real.settles(name, f"{name}-1")
    replica = f"/api/v1/vms/{name}-1"
    stopped = real.http.post(f"{replica}/stop")
    assert (stopped.status_code, stopped.json()["status"]) == (200, "stopped")
    refused(real.http.post(f"{replica}/stop"), 409, "vm_already_stopped")
    changed = real.http.patch(f"{replica}/config", json={"resources": {"vcpu": 3}})
    assert (changed.status_code, changed.json()["resources"]) == (200, {"vcpu": 3, "memory_mb": 128})
    assert real.http.post(f"{replica}/start").status_code == 200
    real.settles(name, f"{name}-1")
    history = real.http.get(f"{replica}/config/history").json()
    assert history[0]["changes"] == {"resources.vcpu": {"old": 2, "new": 3}}
    assert history[0]["author"] == "api"
    assert not (real.api.folder / "virtualmachines" / f"{name}-1.yaml").exists()
