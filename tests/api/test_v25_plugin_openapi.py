from __future__ import annotations

from tests.api.harness import Api


def test_v25_a_machine_without_a_plugin_has_no_document(api: Api, name: str) -> None:
    api.create(name)
    answer = api.http.get(f"/api/v1/vms/{name}/openapi")
    assert answer.status_code == 404
    assert set(answer.json()) == {"error", "code", "details"}
