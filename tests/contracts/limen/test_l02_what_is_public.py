"""L02: without credentials exactly the public paths are served; the others are 401 in the contract's shape."""

from __future__ import annotations

import pytest

from tests.contracts.limen.people import Limen, refused

PUBLIC = {
    ("GET", "/api/health"),
    ("GET", "/api/health_proxy"),
    ("POST", "/api/auth/login"),
    ("POST", "/api/auth/register"),
    ("GET", "/api/auth/session"),
    ("POST", "/api/auth/session"),
    ("DELETE", "/api/auth/session"),
    ("POST", "/api/auth/refresh"),
    ("GET", "/ws/vnc"),
    ("GET", "/vnc"),
    ("GET", "/vnc/{uuid}"),
}
OURS = {("GET", "/swagger.yaml")}
ADVICE = "sign in (POST /api/auth/login)"


def test_l02_exactly_the_public_paths_ask_for_no_credentials(limen: Limen) -> None:
    paths = limen.somebody("bob").browser.get("/openapi.json").json()["paths"]
    asked = {(method.upper(), path) for path, methods in paths.items() for method in methods} | PUBLIC | OURS
    open_to_all = set()
    for method, path in sorted(asked):
        answer = limen.visitor().request(method, path.replace("{vm}", "1").replace("{uuid}", "1"))
        if not (answer.status_code == 401 and ADVICE in answer.json()["message"]):
            open_to_all.add((method, path.replace("{vm}", "{uuid}")))
    assert open_to_all == PUBLIC | OURS


@pytest.mark.parametrize("path", ["/api/vms", "/api/quota", "/api/vms/1/console", "/api/nowhere", "/"])
def test_l02_nobody_learns_which_paths_there_are(limen: Limen, path: str) -> None:
    assert ADVICE in refused(limen.visitor().get(path), 401)
