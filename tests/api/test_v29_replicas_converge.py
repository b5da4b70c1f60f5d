from __future__ import annotations

from tests.api.living import Living


def test_v29_replicas_are_numbered_from_one_and_run(real: Living, name: str) -> None:
    real.install(f"p-{name}")
    real.deploy(name, f"p-{name}", 3)
    real.settles(name, f"{name}-1", f"{name}-2", f"{name}-3")
    listed = {vm["name"]: vm for vm in real.http.get(f"/api/v1/vms?plugin=p-{name}").json()}
    assert sorted(listed) == [f"{name}-1", f"{name}-2", f"{name}-3"]
    assert listed[f"{name}-1"]["resources"] == {"vcpu": 2, "memory_mb": 128}
    assert real.deployment(name)["ready_replicas"] == 3
