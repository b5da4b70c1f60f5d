"""L11: people make accounts for themselves, at once or once an administrator has approved them, or not at all."""

from __future__ import annotations

import httpx
import pytest

from homeostat.accounts.accounts import Accounts
from tests.contracts.limen.people import PASSWORD, QUICK, Limen, refused


def test_l11_who_registers_signs_in_where_that_is_open(limen: Limen) -> None:
    answer = limen.visitor().post("/api/auth/register", json={"username": "Zoe", "password": PASSWORD, "email": None})
    body = answer.json()
    assert answer.status_code == 201 and set(body) == {"id", "username", "message"}
    zoe = limen.somebody("zoe")
    assert zoe.browser.get("/api/auth/session").json()["user"]["id"] == body["id"]


def test_l11_a_name_that_is_taken_is_400(limen: Limen) -> None:
    answer = limen.visitor().post("/api/auth/register", json={"username": "bob", "password": "another horse"})
    assert "already exists" in refused(answer, 400)
    limen.somebody("bob")


@pytest.mark.parametrize(
    ("username", "password", "about"),
    [
        ("ab", PASSWORD, "Username"),
        ("a" * 21, PASSWORD, "Username"),
        ("a b c", PASSWORD, "name"),
        ("valid", "seven77", "Password"),
        ("valid", None, "password"),
        (None, PASSWORD, "username"),
    ],
)
def test_l11_what_can_be_no_account_is_400(limen: Limen, username: object, password: object, about: str) -> None:
    answer = limen.visitor().post("/api/auth/register", json={"username": username, "password": password})
    assert about in refused(answer, 400)


def test_l11_who_has_to_wait_is_403_until_he_is_approved(development: Limen) -> None:
    visitor, asked = development.visitor(), {"username": "newcomer", "password": PASSWORD}
    made = visitor.post("/api/auth/register", json=asked)
    assert made.status_code == 201 and "pending" in made.json()["message"]
    waits = visitor.post("/api/auth/login", json=asked)
    assert waits.status_code == 403 and "pending" in waits.json()["message"] and not visitor.cookies
    Accounts(development.database, QUICK).unban("newcomer")
    assert visitor.post("/api/auth/login", json=asked).status_code == 200


def test_l11_nobody_registers_where_it_is_closed(lonely: httpx.Client) -> None:
    answer = lonely.post("/api/auth/register", json={"username": "newcomer", "password": PASSWORD})
    assert "closed" in refused(answer, 403)
