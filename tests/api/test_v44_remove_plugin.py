from __future__ import annotations

from tests.api.harness import Api, refused
from tests.api.living import Living


def test_v44_one_that_nobody_uses_goes(real: Living, name: str) -> None:
    real.install(name)
    answer = real.http.delete(f"/api/v1/plugins/{name}")
    assert (answer.status_code, answer.content) == (204, b"")
    refused(real.http.get(f"/api/v1/plugins/{name}"), 404, "plugin_not_found")
    real.install(name)


def test_v44_in_use_it_stays_whole(api: Api, name: str) -> None:
    api.install(name)
    api.create(f"{name}-a", plugin=name)
    api.deploy(f"{name}-d", name)
    before = api.written("plugins", name)
    details = refused(api.http.delete(f"/api/v1/plugins/{name}"), 409, "plugin_in_use")
    assert details["used_by"] == [f"vm/{name}-a", f"deployment/{name}-d"]
    assert api.written("plugins", name) == before
    assert api.http.get(f"/api/v1/plugins/{name}").status_code == 200


def test_v44_one_that_is_going_makes_nothing_new(api: Api, name: str) -> None:
    api.install(name)
    answer = api.http.delete(f"/api/v1/plugins/{name}?wait=0")
    assert (answer.status_code, answer.json()) == (202, {"name": name, "status": "deleting"})
    refused(api.http.post("/api/v1/vms", json={"name": name, "plugin": name}), 409, "plugin_deleting")
    refused(api.http.post(f"/api/v1/plugins/{name}/enabled", json={"enabled": True}), 409, "plugin_deleting")


def test_v44_an_unknown_plugin_is_404(api: Api) -> None:
    refused(api.http.delete("/api/v1/plugins/none-such"), 404, "plugin_not_found")
