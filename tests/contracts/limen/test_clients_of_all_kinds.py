"""Clients name types for bodies that they do not send, and send bodies whose type they do not name."""

from __future__ import annotations

import json

import pytest

from tests.contracts.limen.people import PASSWORD, SIZE, Limen, Somebody

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("path", ["/api/vms", "/api/auth/session", "/api/health", "/api/quota"])
def test_a_get_may_name_a_type_of_nothing(bob: Somebody, path: str) -> None:
    assert bob.browser.get(path, headers=JSON).status_code == 200


def test_a_delete_may_name_a_type_of_nothing(limen: Limen) -> None:
    assert limen.somebody("bob").browser.delete("/api/auth/session", headers=JSON).status_code == 200


def test_a_post_may_name_no_type(limen: Limen, name: str) -> None:
    def sent(body: object) -> bytes:
        return json.dumps(body).encode()

    browser = limen.visitor()
    signed_in = browser.post("/api/auth/login", content=sent({"username": "bob", "password": PASSWORD}))
    assert signed_in.status_code == 200
    assert browser.post("/api/vms", content=sent({**SIZE, "name": name})).status_code == 201


def test_a_form_is_no_login(limen: Limen) -> None:
    """A page elsewhere could send one without asking us first."""
    answer = limen.visitor().post("/api/auth/login", data={"username": "bob", "password": PASSWORD})
    assert answer.status_code == 415 and not answer.cookies
