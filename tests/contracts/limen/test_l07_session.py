"""L07, L10, L11: whether a session is valid; one that was begun elsewhere is adopted by a browser; and its end."""

from __future__ import annotations

from tests.contracts.limen.conftest import PANEL
from tests.contracts.limen.people import Limen, Somebody, refused


def test_l07_a_cookie_is_answered_by_who_it_is_and_both_cookies(limen: Limen, bob: Somebody) -> None:
    answer = bob.browser.get("/api/auth/session")
    body = answer.json()
    assert answer.status_code == 200 and body["valid"] is True
    assert set(body["user"]) == {"id", "username", "role"}
    assert (body["user"]["username"], body["user"]["role"]) == ("bob", "user")
    assert limen.visitor().get("/api/vms", headers={"Authorization": f"Bearer {body['access_token']}"}).status_code == 200
    assert {line.split("=")[0] for line in answer.headers.get_list("set-cookie")} == {"refresh_token", "csrf_token"}


def test_l07_a_token_alone_is_valid(bob: Somebody) -> None:
    body = bob.program().get("/api/auth/session").json()
    assert body["valid"] is True and body["access_token"] == bob.access


def test_l07_nobody_has_no_valid_session(limen: Limen) -> None:
    for headers in ({}, {"Authorization": "Bearer no"}, {"Cookie": "refresh_token=hsr_no"}):
        answer = limen.visitor().get("/api/auth/session", headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"valid": False})
        assert not answer.cookies


def test_l10_its_end(limen: Limen) -> None:
    bob, csrf = limen.somebody("bob"), {"X-CSRF-Token": "what-no-cookie-holds"}
    answer = bob.browser.delete("/api/auth/session", headers=csrf)
    assert (answer.status_code, answer.json()) == (200, {"message": "Session deleted successfully"})
    assert not bob.browser.cookies
    gone = {line.split(";")[0] for line in answer.headers.get_list("set-cookie")}
    assert gone == {'refresh_token=""', 'csrf_token=""'}
    refused(limen.visitor().post("/api/auth/refresh", json={"refresh_token": bob.refresh}), 401)
    refused(bob.program().get("/api/vms"), 401)


def test_l10_other_sessions_go_on_and_nobodys_end_is_no_error(limen: Limen) -> None:
    first, second = limen.somebody("bob"), limen.somebody("bob")
    first.program().delete("/api/auth/session")
    assert second.browser.get("/api/auth/session").json()["valid"] is True
    assert first.browser.get("/api/auth/session").json()["valid"] is False
    assert limen.visitor().delete("/api/auth/session").status_code == 200


def test_l10_a_page_elsewhere_signs_nobody_out(limen: Limen) -> None:
    bob = limen.somebody("bob")
    refused(bob.browser.delete("/api/auth/session", headers={"Origin": "https://evil.example"}), 403)
    assert bob.browser.get("/api/auth/session").json()["valid"] is True
    assert bob.browser.delete("/api/auth/session", headers={"Origin": PANEL}).status_code == 200


def test_l11_a_browser_adopts_a_session(limen: Limen) -> None:
    bob, browser = limen.somebody("bob"), limen.visitor()
    body = {"access_token": bob.access, "refresh_token": bob.refresh}
    answer = browser.post("/api/auth/session", json=body, headers={"X-CSRF-Token": "random", "Origin": PANEL})
    assert answer.status_code == 200 and answer.json()["user"]["username"] == "bob"
    assert browser.get("/api/auth/session").json()["valid"] is True
    assert browser.get("/api/vms").status_code == 200


def test_l11_a_page_elsewhere_has_nobodys_browser_adopt_one(limen: Limen, bob: Somebody) -> None:
    browser = limen.visitor()
    evil = {"Origin": "https://evil.example"}
    refused(browser.post("/api/auth/session", json={"refresh_token": bob.refresh}, headers=evil), 403)
    assert not browser.cookies


def test_l11_what_lets_nobody_in_is_not_adopted(limen: Limen) -> None:
    for body in ({}, {"refresh_token": "hsr_no"}, {"access_token": "no", "refresh_token": None}):
        assert "Unauthorized" in refused(limen.visitor().post("/api/auth/session", json=body), 401)
