"""L03, L04, L05: who signs in is given tokens and cookies; what is wrong with a name or a password nobody learns."""

from __future__ import annotations

import json
import time

import pytest

from tests.contracts.limen.conftest import PANEL
from tests.contracts.limen.people import PASSWORD, Limen, claims, refused


def test_l03_tokens_are_given(limen: Limen) -> None:
    answer = limen.visitor().post("/api/auth/login", json={"username": "bob", "password": PASSWORD})
    body = answer.json()
    assert answer.status_code == 200 and set(body) == {"access_token", "refresh_token", "expires_in", "token_type"}
    assert (body["expires_in"], body["token_type"]) == (900, "Bearer")
    told = claims(body["access_token"])
    assert (told["role"], told["approved"]) == ("user", True)
    assert isinstance(told["exp"], int) and 890 < told["exp"] - time.time() <= 900
    assert body["refresh_token"] == answer.cookies["refresh_token"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_l03_the_media_type_is_written_in_any_case(limen: Limen) -> None:
    body = json.dumps({"username": "bob", "password": PASSWORD})
    for type in ("APPLICATION/JSON", "application/json; Charset=UTF-8"):
        assert limen.visitor().post("/api/auth/login", content=body, headers={"Content-Type": type}).status_code == 200


def test_l03_an_administrators_role_is_admin(limen: Limen) -> None:
    assert claims(limen.somebody("root").access)["role"] == "admin"


def test_l04_two_cookies_are_set(limen: Limen) -> None:
    answer = limen.visitor().post("/api/auth/login", json={"username": "bob", "password": PASSWORD})
    said = {line.split("=")[0]: line.split("; ") for line in answer.headers.get_list("set-cookie")}
    assert set(said) == {"refresh_token", "csrf_token"}
    for cookie in said.values():
        assert {"SameSite=Lax", "Path=/", "Max-Age=604800"} <= set(cookie)
    assert "HttpOnly" in said["refresh_token"] and "HttpOnly" not in said["csrf_token"]


def test_l04_a_page_of_another_origin_is_given_cookies_only_if_it_is_allowed(limen: Limen) -> None:
    asked = {"username": "bob", "password": PASSWORD}
    for origin, cookies in ((PANEL, True), ("https://evil.example", False)):
        answer = limen.visitor().post("/api/auth/login", json=asked, headers={"Origin": origin})
        assert bool(answer.cookies) is cookies, origin


def test_l05_a_wrong_password_and_an_unknown_user_are_answered_alike(limen: Limen) -> None:
    visitor = limen.visitor()
    wrong = visitor.post("/api/auth/login", json={"username": "amy", "password": "wrong horse"})
    unknown = visitor.post("/api/auth/login", json={"username": "nobody-here", "password": PASSWORD})
    assert refused(wrong, 401) == refused(unknown, 401)
    assert "Unauthorized" in wrong.json()["message"] and not wrong.cookies


@pytest.mark.parametrize(
    "body", [{}, {"username": "bob"}, {"username": "", "password": ""}, {"username": 1, "password": "x"}, []]
)
def test_l05_what_is_no_login_is_400(limen: Limen, body: object) -> None:
    refused(limen.visitor().post("/api/auth/login", json=body), 400)
