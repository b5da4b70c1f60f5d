from __future__ import annotations

from tests.api.harness import Api


def test_v01_local_calls_need_no_credentials(api: Api) -> None:
    assert api.http.get("/api/v1/vms").status_code == 200
