from __future__ import annotations

from tests.api.harness import Api


def test_v26_the_fields(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    api.deploy(name, f"p-{name}", 3)
    api.operator.deployed(name, ready=2)
    (found,) = api.http.get(f"/api/v1/deployments?plugin=p-{name}").json()
    assert found.pop("created_at")
    assert found.pop("desired_replicas") == 3 and found.pop("config")["plugin"] == f"p-{name}"
    assert found == {
        "name": name,
        "plugin": f"p-{name}",
        "replicas": 3,
        "ready_replicas": 2,
        "vms": [f"{name}-1", f"{name}-2", f"{name}-3"],
    }


def test_v26_it_is_paged_and_has_an_etag(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    for index in (1, 2, 3):
        api.deploy(f"{name}-{index}", f"p-{name}")
    url = f"/api/v1/deployments?plugin=p-{name}&limit=1&offset=1"
    answer = api.http.get(url)
    assert [d["name"] for d in answer.json()] == [f"{name}-2"]
    assert answer.headers["X-Total-Count"] == "3"
    again = api.http.get(url, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_v26_a_plugin_without_deployments(api: Api) -> None:
    assert api.http.get("/api/v1/deployments?plugin=nope").json() == []
