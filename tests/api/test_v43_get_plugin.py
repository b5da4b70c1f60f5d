from __future__ import annotations

from tests.api.harness import Api, manifest, refused


def test_v43_the_manifest_and_when_it_was_installed(api: Api, name: str) -> None:
    api.install(name)
    answer = api.http.get(f"/api/v1/plugins/{name}")
    assert answer.headers["ETag"]
    found = answer.json()
    assert found.pop("installed_at").endswith("Z")
    assert found.pop("enabled") is True
    assert (found.pop("runtime"), found["resources"].pop("cpu_cores")) == (name, 2)
    assert found == manifest(name)


def test_v43_an_unknown_plugin_is_404(api: Api) -> None:
    assert refused(api.http.get("/api/v1/plugins/none-such"), 404, "plugin_not_found") == {"name": "none-such"}
