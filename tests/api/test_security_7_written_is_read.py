"""What the reader of the folder would refuse is a 400 before anything is written."""

from __future__ import annotations

import pytest

from tests.api.harness import Api, refused

JSON = {"Content-Type": "application/json"}
UNKEEPABLE = {
    "infinite": "1e400", "long": "9" * 4000,
    "deep": "[" * 100 + "]" * 100, "half": '"\\ud800"', "half of a key": '{"\\udc00": 1}',
    "many": "[" + "1," * 5000 + "1]",
}  # fmt: skip


@pytest.mark.parametrize("value", UNKEEPABLE.values(), ids=list(UNKEEPABLE))
def test_security_7_what_the_folder_could_not_read_is_400(api: Api, name: str, value: str) -> None:
    spec = '{"cloudInit": {"variables": {"given": %s}}}' % value  # noqa: UP031 - braces
    answer = api.http.post("/api/v1/vms", content=f'{{"name": "{name}", "spec": {spec}}}', headers=JSON)
    refused(answer, 400, "invalid_request")
    assert api.http.get(f"/api/v1/vms/{name}").status_code == 404
    assert api.http.post("/api/v1/vms", json={"name": name, "spec": {}}).status_code == 201
    patched = api.http.patch(f"/api/v1/vms/{name}/spec", content=spec, headers={"Content-Type": "application/merge-patch+json"})
    refused(patched, 400, "invalid_request")
    assert api.http.get(f"/api/v1/vms/{name}/spec").json() == {}
