from __future__ import annotations

import pytest

from tests.api.harness import Api, refused


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", ""])
def test_dns_rebinding_is_refused(api: Api, host: str) -> None:
    refused(api.http.get("/api/v1/vms", headers={"Host": host}), 403, "host_refused")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080"])
def test_names_of_this_host_are_served(api: Api, host: str) -> None:
    assert api.http.get("/api/v1/vms", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost", "https://127.0.0.1"])
def test_pages_of_other_origins_cannot_write(api: Api, name: str, origin: str) -> None:
    answer = api.http.post("/api/v1/vms", json={"name": name}, headers={"Origin": origin})
    refused(answer, 403, "origin_refused")
    refused(api.http.get(f"/api/v1/vms/{name}"), 404, "vm_not_found")


def test_our_own_page_can_write(api: Api, name: str) -> None:
    origin = f"http://127.0.0.1:{api.port}"
    assert api.http.post("/api/v1/vms", json={"name": name}, headers={"Origin": origin}).status_code == 201


def test_every_answer_carries_the_security_headers(api: Api) -> None:
    for path in ("/", "/api/v1/vms", "/nothing", "/metrics"):
        assert api.http.get(path).headers["X-Content-Type-Options"] == "nosniff"
