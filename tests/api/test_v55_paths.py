from __future__ import annotations

import pytest

from tests.api.harness import Api, refused


def test_v55_a_trailing_slash_does_not_matter(api: Api, name: str) -> None:
    api.create(name)
    assert api.http.get("/api/v1/vms/").status_code == 200
    assert api.http.get(f"/api/v1/vms/{name}/").json()["name"] == name


def test_v55_encoded_names_are_decoded(api: Api, name: str) -> None:
    api.create(name)
    encoded = "".join(f"%{ord(c):02x}" for c in name)
    assert api.http.get(f"/api/v1/vms/{encoded}").json()["name"] == name


@pytest.mark.parametrize("path", ["..%2f..%2fetc%2fpasswd", "%2e%2e", "a" * 300, "%00", "%ff", "a%0d%0ab", "%25", "*", "' OR 1"])
def test_v55_hostile_names_are_404(api: Api, path: str) -> None:
    for method in ("GET", "DELETE"):
        answer = api.http.request(method, f"/api/v1/vms/{path}")
        assert answer.status_code == 404, answer.text
        assert set(answer.json()) == {"error", "code", "details"}


def test_v55_unknown_paths_are_404(api: Api) -> None:
    assert refused(api.http.get("/api/v2/vms"), 404, "not_found") == {"path": "/api/v2/vms"}


@pytest.mark.parametrize(("method", "path", "allow"), [("PUT", "/api/v1/vms", "POST"), ("GET", "/api/v1/vms/x/start", "POST")])
def test_v55_a_wrong_method_is_405(api: Api, method: str, path: str, allow: str) -> None:
    answer = api.http.request(method, path)
    refused(answer, 405, "method_not_allowed")
    assert allow in answer.headers["Allow"]


def test_v55_head_is_get_without_a_body(api: Api) -> None:
    answer = api.http.head("/api/v1/vms")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["Content-Length"]) >= 2
