from __future__ import annotations

from tests.api.living import Living


def test_v34_no_machines_and_the_deployment_stays(real: Living, name: str) -> None:
    real.install(f"p-{name}")
    real.deploy(name, f"p-{name}", 2)
    real.settles(name, f"{name}-1", f"{name}-2")
    assert real.scale(name, 0)["replicas"] == 0
    real.settles(name)
    real.until(lambda: real.http.get(f"/api/v1/vms?plugin=p-{name}").json() == [], "all are gone")
    assert real.http.get(f"/api/v1/deployments/{name}").status_code == 200
