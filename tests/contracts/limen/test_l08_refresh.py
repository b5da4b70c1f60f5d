"""L08, L09: a refresh token is good for one use. The cookie counts, and an old token in the body beside it is no alarm."""

from __future__ import annotations

from tests.contracts.limen.conftest import PANEL
from tests.contracts.limen.people import Limen, claims, refused


def test_l08_by_the_body(limen: Limen) -> None:
    bob, program = limen.somebody("bob"), limen.visitor()
    answer = program.post("/api/auth/refresh", json={"refresh_token": bob.refresh})
    body = answer.json()
    assert answer.status_code == 200 and body["expires_in"] == 900
    assert claims(body["access_token"])["approved"] is True
    assert answer.cookies["refresh_token"] == body["refresh_token"] != bob.refresh
    refused(limen.visitor().post("/api/auth/refresh", json={"refresh_token": bob.refresh}), 401)
    assert program.post("/api/auth/refresh").status_code == 200


def test_l08_by_the_cookie_with_an_old_token_in_the_body(limen: Limen) -> None:
    bob = limen.somebody("bob")
    for _ in range(3):
        answer = bob.browser.post("/api/auth/refresh", json={"refresh_token": bob.refresh}, headers={"Origin": PANEL})
        assert answer.status_code == 200
    assert bob.browser.get("/api/auth/session").json()["valid"] is True


def test_l08_without_a_body_though_a_type_is_named(limen: Limen) -> None:
    bob = limen.somebody("bob")
    assert bob.browser.post("/api/auth/refresh", headers={"Content-Type": "application/json"}).status_code == 200


def test_l08_the_old_cookie_lets_nobody_in_afterwards(limen: Limen) -> None:
    bob = limen.somebody("bob")
    bob.browser.post("/api/auth/refresh")
    refused(limen.visitor().get("/api/vms", headers={"Cookie": f"refresh_token={bob.refresh}"}), 401)


def test_l08_a_page_elsewhere_uses_nobodys_cookie(limen: Limen) -> None:
    bob = limen.somebody("bob")
    refused(bob.browser.post("/api/auth/refresh", headers={"Origin": "https://evil.example"}), 403)
    assert bob.browser.post("/api/auth/refresh").status_code == 200


def test_l09_none_and_a_wrong_one_are_401(limen: Limen) -> None:
    assert "Unauthorized" in refused(limen.visitor().post("/api/auth/refresh"), 401)
    refused(limen.visitor().post("/api/auth/refresh", json={"refresh_token": "hsr_no"}), 401)
    refused(limen.visitor().post("/api/auth/refresh", json={"refresh_token": None}), 401)
