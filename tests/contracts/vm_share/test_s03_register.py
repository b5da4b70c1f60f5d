"""S03 to S08: an account for whoever asks, whom reCAPTCHA takes for a person."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.people import PASSWORD
from tests.contracts.vm_share.lab import GOOD, Lab, Student, refused


def asked(called: str, **more: Any) -> dict[str, Any]:
    return {"login": called, "password": PASSWORD, "g_recaptcha_response": GOOD, **more}


def test_s03_s04_an_account_and_its_cookie(lab: Lab, login: str) -> None:
    with lab.http() as http:
        answer = http.post("/auth/register", json=asked(login))
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert set(body) == {"message", "id", "access_token", "token_type"}
        assert (body["message"], body["token_type"]) == ("User registered", "bearer") and isinstance(body["id"], int)
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith(f"access_token={body['access_token']};")
        assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}


@pytest.mark.parametrize("wrong", [{"login": ""}, {"login": "  "}, {"password": ""}, {"password": None}, {"login": None}])
def test_s05_login_and_password_are_needed(lab: Lab, login: str, wrong: dict[str, Any]) -> None:
    with lab.http() as http:
        refused(http.post("/register", json=asked(login, **wrong)), 400)


@pytest.mark.parametrize("password", [PASSWORD, "another password"])
def test_s06_s07_who_exists_is_told_so_whatever_the_password(lab: Lab, student: Student, password: str) -> None:
    with lab.http() as http:
        assert refused(http.post("/register", json=asked(student.login, password=password)), 409) == "User exists"


@pytest.mark.parametrize("path", ["/register", "/login", "/token"])
@pytest.mark.parametrize("shown", [None, "", "I am a program"])
def test_s08_recaptcha_is_needed(lab: Lab, student: Student, path: str, shown: str | None) -> None:
    body = asked(student.login, username=student.login, g_recaptcha_response=shown)
    with lab.http() as http:
        answer = http.post(path, json=body)
        assert "reCAPTCHA" in refused(answer, 400) and "Set-Cookie" not in answer.headers


def test_s08_who_verifies_it_does_not_answer(lab: Lab, student: Student) -> None:
    lab.outside.fails = True
    try:
        with lab.http() as http:
            refused(http.post("/login", json=asked("", username=student.login)), 500)
    finally:
        lab.outside.fails = False
