from __future__ import annotations

import pytest

from tests.api.harness import Api, refused


@pytest.mark.parametrize("body", [{}, {"enabled": "true"}, {"enabled": 1}, {"enabled": None}, {"enable": True}, [], True])
def test_v46_anything_but_a_truth_value_is_400(api: Api, name: str, body: object) -> None:
    api.install(name)
    refused(api.http.post(f"/api/v1/plugins/{name}/enabled", json=body), 400, "invalid_request")
    assert api.http.get(f"/api/v1/plugins/{name}").json()["enabled"] is True
