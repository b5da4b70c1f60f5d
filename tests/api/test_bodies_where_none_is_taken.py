"""Our extension: a change with a body that its route would not heed is refused; what says nothing is passed over."""

from __future__ import annotations

import pytest

from tests.api.harness import Api, refused

CHANGES = ["POST /vms/{name}/stop", "POST /vms/{name}/restart", "DELETE /vms/{name}"]
SAYS = ['{"force": true}', "[]", "force=true", '{"a": ' + "1" * 70_000 + "}"]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("body", SAYS, ids=["object", "array", "form", "large"])
def test_nothing_is_done(api: Api, name: str, change: str, body: str) -> None:
    api.create(name)
    before = api.http.get(f"/api/v1/resources/virtualmachines/{name}").json()["metadata"]
    method, path = change.split()
    answer = api.http.request(method, f"/api/v1{path.format(name=name)}", content=body)
    refused(answer, 400, "invalid_request")
    assert answer.json()["error"].startswith(f"{method} here takes no body, and nothing was done")
    assert api.http.get(f"/api/v1/resources/virtualmachines/{name}").json()["metadata"] == before


def test_where_it_is_said_instead(api: Api, name: str) -> None:
    api.create(name)
    answer = api.http.post(f"/api/v1/vms/{name}/stop", json={"force": True})
    assert answer.json()["error"].endswith("; what there is to say goes into the URL (?force=, ?wait=)")


@pytest.mark.parametrize("body", ["", "{}", " {}\n", "null"])
def test_what_says_nothing(api: Api, name: str, body: str) -> None:
    api.create(name)
    answer = api.http.post(f"/api/v1/vms/{name}/restart", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
