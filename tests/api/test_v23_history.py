from __future__ import annotations

from tests.api.harness import Api, refused


def test_v23_newest_first_down_to_the_creation(api: Api, name: str) -> None:
    api.create(name, config={"resources": {"vcpu": 2, "memory_mb": 512}})
    api.http.patch(f"/api/v1/vms/{name}/config", json={"resources": {"vcpu": 4}})
    api.http.patch(f"/api/v1/vms/{name}/config", json={"resources": {"memory_mb": 1024}})
    answer = api.http.get(f"/api/v1/vms/{name}/config/history")
    history = answer.json()
    assert answer.headers["X-Total-Count"] == "3"
    assert [entry["changes"] for entry in history] == [
        {"resources.memory_mb": {"old": 512, "new": 1024}},
        {"resources.vcpu": {"old": 2, "new": 4}},
        {"created": True},
    ]
    assert {entry["author"] for entry in history} == {"api"}
    assert all(entry["timestamp"] for entry in history)


def test_v23_starting_and_stopping_is_no_configuration(api: Api, name: str) -> None:
    api.create_running(name)
    api.http.post(f"/api/v1/vms/{name}/stop?wait=0")
    history = api.http.get(f"/api/v1/vms/{name}/config/history").json()
    assert [entry["changes"] for entry in history] == [{"created": True}]


def test_v23_an_unknown_machine_is_404(api: Api) -> None:
    refused(api.http.get("/api/v1/vms/none-such/config/history"), 404, "vm_not_found")


def test_v23_what_the_plugin_gave_is_the_old_value(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    api.create(name, plugin=f"p-{name}")
    api.http.patch(f"/api/v1/vms/{name}/config", json={"resources": {"vcpu": 4}})
    newest, created = api.http.get(f"/api/v1/vms/{name}/config/history").json()
    assert newest["changes"] == {"resources.vcpu": {"old": 2, "new": 4}}
    assert (newest["author"], created["changes"]) == ("api", {"created": True})
