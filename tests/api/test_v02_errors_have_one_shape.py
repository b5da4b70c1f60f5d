from __future__ import annotations

import pytest

from tests.api.harness import Api, refused


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/vms/nonexistent-vm", 404, "vm_not_found"),
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("GET", "/", 200, ""),
        ("PUT", "/api/v1/vms", 405, "method_not_allowed"),
        ("GET", "/api/v1/vms?limit=x", 400, "invalid_request"),
    ],
)
def test_v02_errors_have_one_shape(api: Api, method: str, path: str, status: int, code: str) -> None:
    answer = api.http.request(method, path)
    if status == 200:
        assert answer.status_code == 200
        return
    refused(answer, status, code)


def test_v02_an_unknown_machine_is_named(api: Api) -> None:
    assert refused(api.http.get("/api/v1/vms/nonexistent-vm"), 404, "vm_not_found") == {"name": "nonexistent-vm"}
