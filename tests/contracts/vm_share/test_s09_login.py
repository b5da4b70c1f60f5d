"""S09 to S13: signing in and out."""

from __future__ import annotations

from tests.api.people import PASSWORD
from tests.contracts.vm_share.lab import GOOD, Lab, Student, refused


def test_s09_s11_two_answers(lab: Lab, student: Student) -> None:
    body = {"username": student.login, "password": PASSWORD, "g_recaptcha_response": GOOD}
    with lab.http() as http:
        login, token = http.post("/login", json=body), http.post("/auth/token", json=body)
    assert login.json()["message"] == "Login successful"
    assert set(login.json()) == {"message", "id", "access_token", "token_type"}
    assert set(token.json()) == {"id", "access_token", "token_type"} and token.json()["token_type"] == "bearer"
    for answer in (login, token):
        assert answer.json()["id"] == student.id and answer.headers["Set-Cookie"].startswith("access_token=")


def test_s10_what_is_wrong_nobody_learns(lab: Lab, student: Student) -> None:
    with lab.http() as http:
        said = {
            refused(http.post("/login", json={"username": name, "password": "wrong", "g_recaptcha_response": GOOD}), 401)
            for name in (student.login, "nobody-at-all")
        }
    assert len(said) == 1


def test_s12_s13_whoever_signs_out_has_no_machine(lab: Lab, login: str) -> None:
    student = lab.register(login)
    student.done("/run-script", os_type="tiny")
    assert len(lab.active(user_id=student.id)) == 1
    machine = lab.machine(student)
    answer = student.post("/auth/logout")
    assert answer.json() == {"message": "Logged out"}
    assert answer.headers["Set-Cookie"].startswith('access_token=""; expires=') and "Path=/" in answer.headers["Set-Cookie"]
    assert "1970" in answer.headers["Set-Cookie"] and "Secure" in answer.headers["Set-Cookie"], "as the one that was given"
    assert lab.active(user_id=student.id) == []
    refused(student.ask("GET", "/me"), 401)
    gone = lab.root().ask("GET", f"vms/{machine}")
    assert gone.status_code == 404
