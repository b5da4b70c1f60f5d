from __future__ import annotations

from tests.api.harness import Api


def test_v47_totals_agree_with_the_lists(own_api: Api) -> None:
    for name in ("one", "two", "three"):
        own_api.create(name)
    own_api.operator.running("two")
    info = own_api.http.get("/api/v1/system/info").json()
    assert set(info) == {"version", "commit", "build_date", "go_version", "platform", "stats", "resources"}
    assert info["stats"] == {"total_vms": 3, "running_vms": 1, "total_deployments": 0, "total_plugins": 0}
    assert info["platform"].startswith("linux/")
    assert 0 < info["resources"]["memory_available_mb"] <= info["resources"]["memory_total_mb"]
    assert info["resources"]["cpu_count"] >= 1
