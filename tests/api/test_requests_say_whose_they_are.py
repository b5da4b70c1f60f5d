"""A request that says whose it is meant to be is refused where somebody else is signed in by now, and nothing is done."""

from __future__ import annotations

from homeostat.accounts.rights import Role
from tests.api.harness import Api, refused
from tests.api.people import Person, inhabited

api = inhabited(bob=Role.USER, eve=Role.USER)


def meant(person: Person, account: str) -> dict[str, str]:
    return {**person.headers, "Homeostat-Account": account}


def test_it_is_done_for_whom_it_is_meant(api: Api) -> None:
    bob = Person(api.http, "bob")
    body = {"name": "his", "spec": {}}
    for account in ("eve", "nobody", "b%6Fbb", "%00"):
        answer = api.http.post("/api/v1/vms", json=body, headers=meant(bob, account))
        assert refused(answer, 409, "other_account") == {"account": "bob"}
        assert "bob is signed in by now" in answer.json()["error"]
    assert bob.ask("GET", "vms/his").status_code == 404
    assert api.http.post("/api/v1/vms", json=body, headers=meant(bob, "b%6Fb")).status_code in (201, 202)


def test_what_needs_no_account_and_signing_in_are_for_everybody(api: Api) -> None:
    headers = {"Homeostat-Account": "bob"}
    assert api.http.get("/healthz", headers=headers).status_code == 200
    assert api.http.get("/api/v1/vms", headers=headers).status_code == 401
    wrong = {"name": "eve", "password": "not hers"}
    assert api.http.post("/api/v1/session", json=wrong, headers=headers).status_code == 401


def test_a_watch_says_so_in_its_address(api: Api) -> None:
    bob = Person(api.http, "bob")
    refused(api.http.get("/api/v1/watch?account=eve", headers=dict(bob.headers)), 409, "other_account")
    with api.http.stream("GET", "/api/v1/watch?account=bob", headers=dict(bob.headers)) as answer:
        assert answer.status_code == 200
