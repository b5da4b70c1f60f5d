from __future__ import annotations

from tests.api.harness import Api, refused


def names(api: Api, query: str) -> set[str]:
    return {vm["name"] for vm in api.http.get(f"/api/v1/vms?{query}").json()}


def test_v07_filter_by_status(api: Api) -> None:
    for name in ("by-run", "by-stop", "by-start"):
        api.create(name)
    api.operator.running("by-run")
    api.http.post("/api/v1/vms/by-stop/stop?wait=0")
    api.operator.stopped("by-stop")
    assert "by-run" in names(api, "status=running") and "by-stop" not in names(api, "status=running")
    assert "by-stop" in names(api, "status=stopped")
    assert "by-start" in names(api, "status=starting")


def test_v07_filters_are_combined(api: Api) -> None:
    assert names(api, "status=running&plugin=nope") == set()


def test_v07_an_unknown_status_is_400(api: Api) -> None:
    assert refused(api.http.get("/api/v1/vms?status=runing"), 400, "invalid_request")["given"] == "runing"


def test_v07_together_with_a_plugin_both_must_hold(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    api.create(f"{name}-a", plugin=f"p-{name}")
    api.create(f"{name}-b", plugin=f"p-{name}")
    api.create_running(f"{name}-c")
    api.operator.running(f"{name}-b")
    listed = api.http.get(f"/api/v1/vms?plugin=p-{name}&status=running").json()
    assert [vm["name"] for vm in listed] == [f"{name}-b"]
