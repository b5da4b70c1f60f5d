"""What may change is asked for anew each time: nobody between shows what was."""

from __future__ import annotations

import pytest

from tests.api.harness import Api, manifest


@pytest.mark.parametrize("path", ["", "/{}", "/{}/config", "/{}/spec"])
def test_machines(api: Api, name: str, path: str) -> None:
    made = api.http.post("/api/v1/vms", json={"name": name})
    answer = api.http.get(f"/api/v1/vms{path.format(name)}")
    for one in (made, answer):
        assert one.headers["Cache-Control"] == "no-cache"
        assert one.headers["ETag"].startswith('"')


@pytest.mark.parametrize("path", ["plugins", "plugins/{}", "deployments", "deployments/{}", "deployments/{}/spec"])
def test_plugins_and_deployments(api: Api, name: str, path: str) -> None:
    made = [api.http.post("/api/v1/plugins", json=manifest(name))]
    made.append(api.http.post("/api/v1/deployments", json={"name": name, "plugin": name}))
    for answer in (*made, api.http.get(f"/api/v1/{path.format(name)}")):
        assert answer.is_success, answer.text
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["ETag"].startswith('"')


def test_the_status_page(api: Api) -> None:
    assert api.http.get("/").headers["Cache-Control"] == "no-cache"
