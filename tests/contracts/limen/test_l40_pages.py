"""L40: pages of the listed origins may ask, with cookies; of others none. Where the list is *, any may, and none with cookies."""

from __future__ import annotations

import httpx
import pytest

from tests.contracts.limen.conftest import PANEL
from tests.contracts.limen.people import SIZE, Limen, Somebody

EVIL = "https://evil.example"


def preflight(limen: Limen, origin: str, path: str = "/api/health") -> httpx.Response:
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "cache-control,pragma,x-csrf-token"}
    return limen.visitor().options(path, headers={"Origin": origin, **asked})


def test_l40_a_listed_origin_is_echoed(limen: Limen, bob: Somebody) -> None:
    for answer in (
        limen.visitor().get("/api/health", headers={"Origin": PANEL}),
        limen.visitor().get("/api/vms", headers={"Origin": PANEL}),
        bob.browser.get("/api/vms", headers={"Origin": PANEL}),
    ):
        assert answer.headers["Access-Control-Allow-Origin"] == PANEL
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert "X-Request-ID" in answer.headers["Access-Control-Expose-Headers"]
        assert "Origin" in answer.headers["Vary"]


def test_l40_another_has_no_header(limen: Limen) -> None:
    for answer in (limen.visitor().get("/api/health", headers={"Origin": EVIL}), preflight(limen, EVIL)):
        assert not [name for name in answer.headers if name.startswith("access-control-allow")]


@pytest.mark.parametrize("path", ["/api/health", "/api/vms", "/api/auth/session", "/api/vms/1/action"])
def test_l40_a_preflight_is_answered(limen: Limen, path: str) -> None:
    answer = preflight(limen, PANEL, path)
    assert answer.status_code == 200
    assert {"cache-control", "pragma", "x-csrf-token"} <= set(answer.headers["Access-Control-Allow-Headers"].split(","))
    assert answer.headers["Access-Control-Allow-Origin"] == PANEL
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"


def test_l40_a_page_elsewhere_changes_nothing_by_a_cookie(bob: Somebody, name: str) -> None:
    body = {**SIZE, "name": name}
    assert bob.browser.post("/api/vms", json=body, headers={"Origin": EVIL}).status_code == 403
    assert bob.browser.post("/api/vms", json=body, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert bob.browser.post("/api/vms", json=body, headers={"Origin": PANEL}).status_code == 201


def test_l40_a_star_lets_any_page_ask_without_cookies(development: Limen) -> None:
    assert preflight(development, EVIL, "/api/vms").headers["Access-Control-Allow-Origin"] == "*"
    answer = development.visitor().get("/api/health", headers={"Origin": EVIL})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    root = development.somebody("root")
    elsewhere = {"Origin": EVIL}
    assert root.program().post("/api/vms/1/action", json={"action": "no"}, headers=elsewhere).status_code == 400
    assert root.browser.post("/api/vms/1/action", json={"action": "no"}, headers=elsewhere).status_code == 403
