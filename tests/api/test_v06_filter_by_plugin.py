from __future__ import annotations

from tests.api.harness import Api


def test_v06_an_unknown_plugin_has_no_machines(api: Api, name: str) -> None:
    api.create(name)
    assert api.http.get("/api/v1/vms?plugin=nope").json() == []
