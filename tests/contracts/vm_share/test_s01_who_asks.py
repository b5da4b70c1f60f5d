"""S01, S02, S14: a cookie or a bearer token shows who asks; every error is a detail."""

from __future__ import annotations

import pytest

from tests.contracts.vm_share.lab import Lab, Student, refused


def test_s01_a_cookie_or_a_bearer_token(lab: Lab, student: Student) -> None:
    with lab.http() as http:
        assert refused(http.get("/me"), 401)
        cookie = {"Cookie": f"access_token={student.token}"}
        assert http.get("/me", headers=cookie).json()["login"] == student.login
        for stale in ({"Cookie": "access_token=x.y.z"}, {"Authorization": "Bearer x.y.z"}):
            refused(http.get("/me", headers=stale), 401)
        for good, stale in (
            ({"Authorization": f"Bearer {student.token}"}, {"Cookie": "access_token=x.y.z"}),
            (cookie, {"Authorization": "Bearer x.y.z"}),
        ):
            assert http.get("/me", headers={**good, **stale}).json()["login"] == student.login


def test_s01_the_cookie_counts_first(lab: Lab, student: Student, other: Student) -> None:
    with lab.http() as http:
        shown = {"Cookie": f"access_token={student.token}", "Authorization": f"Bearer {other.token}"}
        assert http.get("/me", headers=shown).json()["login"] == student.login


def test_s01_a_page_of_another_origin_has_no_cookie(lab: Lab, student: Student) -> None:
    shown = {"Cookie": f"access_token={student.token}", "Origin": "https://evil.example"}
    with lab.http() as http:
        refused(http.post("/run-script", json={"os_type": "tiny"}, headers=shown), 403)


def test_s01_an_upgrade_lets_nobody_in(lab: Lab) -> None:
    with lab.http() as http:
        answer = http.get("/me", headers={"Upgrade": "websocket", "Connection": "Upgrade"})
        assert answer.status_code in (401, 426) and set(answer.json()) == {"detail"}  # 426: the server itself


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("DELETE", "/me", 405), ("PUT", "/run-script", 405)]
)
def test_s02_errors_are_details(student: Student, method: str, path: str, status: int) -> None:
    refused(student.ask(method, path), status)


def test_s02_a_body_that_is_no_json(student: Student) -> None:
    answer = student.ask("POST", "/snapshot", content=b"[1]")
    assert answer.status_code in (400, 415) and set(answer.json()) == {"detail"}


def test_s14_me(lab: Lab, student: Student) -> None:
    assert student.get("/me") == student.get("/auth/me") == {"id": student.id, "login": student.login, "role": "user"}
    with lab.http() as http:
        root = http.get("/auth/me", headers=lab.root().headers).json()
    assert (root["login"], root["role"]) == ("root", "admin")
