from __future__ import annotations

from tests.api.harness import Api


def test_v06_only_machines_of_the_plugin(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    api.create(f"{name}-a", plugin=f"p-{name}")
    api.create(f"{name}-b")
    answer = api.http.get(f"/api/v1/vms?plugin=p-{name}")
    assert [vm["name"] for vm in answer.json()] == [f"{name}-a"]
    assert answer.json()[0]["plugin"] == f"p-{name}"
    assert answer.headers["X-Total-Count"] == "1"


def test_v06_the_filter_is_exact(api: Api, name: str) -> None:
    api.install(f"p-{name}-more")
    api.create(name, plugin=f"p-{name}-more")
    assert api.http.get(f"/api/v1/vms?plugin=p-{name}").json() == []
    assert api.http.get(f"/api/v1/vms?plugin=P-{name.upper()}-MORE").json() == []


def test_v06_an_unknown_plugin_has_no_machines(api: Api, name: str) -> None:
    api.create(name)
    assert api.http.get("/api/v1/vms?plugin=nope").json() == []
