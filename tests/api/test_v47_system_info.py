from __future__ import annotations

from tests.api.harness import Api


def test_v47_totals_agree_with_the_lists(own_api: Api) -> None:
    for name in ("one", "two", "three"):
        own_api.create(name)
    own_api.operator.running("two")
    own_api.install("p")
    own_api.deploy("web", "p")
    own_api.deploy("api", "p")
    info = own_api.http.get("/api/v1/system/info").json()
    assert set(info) == {"version", "commit", "build_date", "go_version", "platform", "stats", "resources"}
    assert info["stats"] == {"total_vms": 3, "running_vms": 1, "total_deployments": 2, "total_plugins": 1}
    assert len(own_api.http.get("/api/v1/deployments").json()) == 2
    assert len(own_api.http.get("/api/v1/plugins").json()["plugins"]) == 1
    assert info["platform"].startswith("linux/")
    assert 0 < info["resources"]["memory_available_mb"] <= info["resources"]["memory_total_mb"]
    assert info["resources"]["cpu_count"] >= 1
