from __future__ import annotations

from tests.api.harness import Api, refused

DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "nginx-alpine API", "version": "1.0.0"},
    "paths": {"/": {"get": {"summary": "Serve static content"}}},
}


def test_v25_the_document_of_what_runs_inside(api: Api, name: str) -> None:
    api.install(f"p-{name}", openapi=DOCUMENT)
    api.create(name, plugin=f"p-{name}")
    answer = api.http.get(f"/api/v1/vms/{name}/openapi")
    assert (answer.status_code, answer.json()) == (200, DOCUMENT)


def test_v25_a_plugin_without_one_is_404(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    api.create(name, plugin=f"p-{name}")
    answer = api.http.get(f"/api/v1/vms/{name}/openapi")
    assert refused(answer, 404, "openapi_not_found") == {"name": name, "plugin": f"p-{name}"}
    assert "the VM's plugin has no OpenAPI document" in answer.json()["error"]


def test_v25_a_machine_without_a_plugin_has_none(api: Api, name: str) -> None:
    api.create(name)
    answer = api.http.get(f"/api/v1/vms/{name}/openapi")
    assert refused(answer, 404, "openapi_not_found") == {"name": name, "plugin": None}
    assert "the VM has no plugin" in answer.json()["error"]


def test_v25_an_unknown_machine_is_404(api: Api) -> None:
    refused(api.http.get("/api/v1/vms/none-such/openapi"), 404, "vm_not_found")
