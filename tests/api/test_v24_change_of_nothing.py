from __future__ import annotations

from tests.api.harness import Api


def test_v24_the_same_values_add_no_history(api: Api, name: str) -> None:
    api.create(name, spec={"resources": {"vcpu": 2, "memory": "1Gi"}})
    before = api.written("virtualmachines", name)
    answer = api.http.patch(f"/api/v1/vms/{name}/config", json={"resources": {"vcpu": 2, "memory_mb": 1024}})
    assert answer.status_code == 200
    assert answer.json()["restart_required"] is False
    assert len(api.http.get(f"/api/v1/vms/{name}/config/history").json()) == 1
    assert api.written("virtualmachines", name) == before


def test_v24_what_the_plugin_gives_is_not_written_again(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    api.create(name, plugin=f"p-{name}")
    answer = api.http.patch(f"/api/v1/vms/{name}/config", json={"resources": {"vcpu": 2, "memory_mb": 256}})
    assert (answer.status_code, answer.json()["restart_required"]) == (200, False)
    assert len(api.http.get(f"/api/v1/vms/{name}/config/history").json()) == 1
