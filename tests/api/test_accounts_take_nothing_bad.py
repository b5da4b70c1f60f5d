"""What somebody sends about accounts to get in, or to break them: names in another form, refresh tokens twice, forged addresses,
the last administrator who wants to go, a database that is locked or too new."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from homeostat.accounts.rights import Role
from tests.api.harness import Api, refused, serving
from tests.api.people import PASSWORD, SESSION, Person, inhabited, settle, sign_in

house = inhabited(bob=Role.USER, eve=Role.USER)


@pytest.mark.parametrize("typed", ["BOB", "Bob", "ｂｏｂ", "ⓑⓞⓑ"], ids=["upper case", "mixed", "full width", "in circles"])
def test_a_name_in_another_form_is_the_same_account(house: Api, typed: str) -> None:
    root = Person(house.http, "root")
    refused(root.ask("POST", "users", json={"name": typed}), 409, "account_exists")
    assert sign_in(house.http, typed)["name"] == "bob"


def test_what_only_looks_like_a_name_is_none(house: Api) -> None:
    root = Person(house.http, "root")
    for typed in ("bоb", "bob\u200b", "bob ", "bób", "b" * 10**6):  # the first has a Cyrillic letter
        refused(root.ask("POST", "users", json={"name": typed}), 400, "invalid_request")


@pytest.mark.parametrize("loss", [{"role": "user"}, {"role": "moderator"}, {"banned": True}, None], ids=str)
def test_the_last_administrator_stays(house: Api, loss: dict[str, object] | None) -> None:
    root = Person(house.http, "root")
    answer = root.ask("DELETE", "users/root") if loss is None else root.ask("PATCH", "users/root", json=loss)
    refused(answer, 409, "last_administrator")
    assert "homeostat user add NAME --role administrator" in answer.json()["error"]
    assert root.ask("GET", "whoami").json()["role"] == "administrator"


def test_of_one_refresh_token_used_by_many_at_once_one_goes_on(house: Api) -> None:
    token = sign_in(house.http, "bob")["refresh_token"]

    def refresh(_: int) -> dict[str, object]:
        found: dict[str, object] = house.http.post(f"{SESSION}/refresh", json={"refresh_token": token}).json()
        return found

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(refresh, range(6)))
    [won] = [answer for answer in answers if "access_token" in answer]
    assert {answer["code"] for answer in answers if answer is not won} == {"unauthorized"}
    again = house.http.post(f"{SESSION}/refresh", json={"refresh_token": won["refresh_token"]})
    assert again.status_code == 200, "two tabs that refresh at once throw nobody out"


def test_a_forged_address_is_not_read(house: Api) -> None:
    def fail(number: int) -> int:
        forged = {name: f"203.0.113.{number}" for name in ("X-Forwarded-For", "X-Real-IP")}
        forged["Forwarded"] = f"for=203.0.113.{number}"
        return house.http.post(SESSION, json={"name": "eve", "password": "wrong horse"}, headers=forged).status_code

    assert [fail(number) for number in range(6)] == [401] * 5 + [429], "each counts for the address that it came from"
    entries = Person(house.http, "root").ask("GET", "audit?verb=sign%20in&outcome=Refused").json()["entries"]
    assert {entry["from"] for entry in entries} == {"127.0.0.1"}


def test_while_it_is_locked_who_is_known_goes_on(tmp_path: Path) -> None:
    settle(tmp_path / "state", bob=Role.USER)
    with serving(tmp_path) as api:
        bob = Person(api.http, "bob")
        other = sqlite3.connect(api.state / "accounts.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert bob.status("GET", "vms") == 200
        answer = bob.ask("POST", "disks", json={"name": "data", "spec": {"size": "1Gi"}})
        refused(answer, 503, "accounts_unavailable")
        assert answer.headers["Retry-After"] and bob.status("GET", "disks/data") == 404, "what cannot be noted is not done"
        refused(api.http.post(SESSION, json={"name": "bob", "password": PASSWORD}), 503, "accounts_unavailable")
        other.execute("ROLLBACK")
        other.close()
        assert bob.status("POST", "disks", json={"name": "data", "spec": {"size": "1Gi"}}) == 201


def test_one_of_a_newer_homeostat_lets_nobody_in_and_is_left_alone(tmp_path: Path) -> None:
    settle(tmp_path / "state")
    file = tmp_path / "state/accounts.db"
    newer = sqlite3.connect(file)
    newer.execute("UPDATE alembic_version SET version_num = '9999'")
    newer.commit()
    newer.close()
    before = file.read_bytes()
    with serving(tmp_path) as api:
        for answer in (api.http.get("/api/v1/vms"), api.http.post(SESSION, json={"name": "root", "password": PASSWORD})):
            refused(answer, 503, "accounts_unavailable")
            assert "9999" in answer.json()["error"]
    assert file.read_bytes() == before
