"""A browser's session is in cookies that no script reads. It changes something only where a page of ours is proved to ask."""

from __future__ import annotations

from collections.abc import Iterator
from http.cookies import SimpleCookie

import httpx
import pytest

from homeostat.accounts.rights import Role
from tests.api.harness import Api, refused
from tests.api.people import PASSWORD, SESSION, Person, bearer, inhabited

OURS = {"Sec-Fetch-Site": "same-origin"}
DRY = "/api/v1/disks?dryRun=true"
DISK = {"name": "data", "spec": {"size": "1Gi"}}


house = inhabited(bob=Role.USER)


class Browser:
    """Somebody who has signed in with a page."""

    def __init__(self, api: Api, name: str = "bob") -> None:
        self.http = api.visitor()
        self.origin = str(api.http.base_url).rstrip("/")
        asked = {"name": name, "password": PASSWORD, "cookie": True}
        self.answer = self.http.post(SESSION, json=asked, headers=OURS)
        assert self.answer.status_code == 201, self.answer.text
        self.csrf = self.answer.json()["csrf_token"]

    def change(self, **headers: str) -> httpx.Response:
        return self.http.post(DRY, json=DISK, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.fixture
def browser(house: Api) -> Iterator[Browser]:
    found = Browser(house)
    yield found
    found.http.close()


def test_no_script_reads_them(browser: Browser) -> None:
    given = [SimpleCookie(line) for line in browser.answer.headers.get_list("Set-Cookie")]
    found = {name: morsel for cookie in given for name, morsel in cookie.items()}
    assert {name: morsel["path"] for name, morsel in found.items()} == {
        "homeostat_session": "/",
        "homeostat_refresh": "/api/v1/session",
    }
    for morsel in found.values():
        assert morsel["httponly"] and morsel["samesite"] == "Strict" and morsel["expires"] and not morsel["domain"]
        assert morsel.value not in browser.answer.text


def test_reading_needs_no_proof(browser: Browser) -> None:
    known = browser.http.get("/api/v1/whoami").json()
    assert (known["name"], known["how"], known["csrf_token"]) == ("bob", "session", browser.csrf)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X_CSRF_Token": ""},
        {"X_CSRF_Token": "0" * 32},
        {"X_CSRF_Token": "ä"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://evil.example", "Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
    ],
    ids=lambda headers: " ".join(f"{name}={value}" for name, value in headers.items()) or "nothing",
)
def test_without_a_proof_nothing_changes(browser: Browser, headers: dict[str, str]) -> None:
    encoded = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    refused(browser.http.post(DRY, json=DISK, headers=encoded), 403, "csrf")  # type: ignore[arg-type]
    for method, path in (("DELETE", SESSION), ("PUT", "/api/v1/users/bob/password")):
        refused(browser.http.request(method, path, headers=encoded), 403, "csrf")  # type: ignore[arg-type]
    assert browser.http.get("/api/v1/whoami").status_code == 200


def test_anothers_proof_is_none(house: Api, browser: Browser) -> None:
    refused(browser.change(X_CSRF_Token=Browser(house, "root").csrf), 403, "csrf")
    refused(browser.change(X_CSRF_Token=Browser(house).csrf), 403, "csrf")  # nor that of another session of his


def test_a_page_of_this_server_or_its_token_is_one(browser: Browser) -> None:
    assert browser.change(X_CSRF_Token=browser.csrf).status_code == 200
    assert browser.change(**{"Sec_Fetch_Site": "same-origin"}).status_code == 200
    assert browser.change(Origin=browser.origin).status_code == 200
    refused(browser.change(Origin=browser.origin, Sec_Fetch_Site="cross-site"), 403, "csrf")


def test_a_bearer_needs_no_proof_and_counts_before_a_cookie(house: Api, browser: Browser) -> None:
    token = Person(house.http, "root").tokens["access_token"]
    assert browser.change(**bearer(token)).status_code == 200
    assert browser.http.get("/api/v1/whoami", headers=dict(bearer(token))).json()["name"] == "root"
    refused(browser.http.get("/api/v1/whoami", headers=dict(bearer("nonsense"))), 401, "unauthorized")


def test_another_page_signs_nobody_in(house: Api) -> None:
    asked = {"name": "bob", "password": PASSWORD, "cookie": True}
    for headers in ({}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        with house.visitor() as visitor:
            answer = visitor.post(SESSION, json=asked, headers=headers)
        refused(answer, 403, "csrf")
        assert "Set-Cookie" not in answer.headers


def test_they_are_renewed_with_a_proof(browser: Browser) -> None:
    before = browser.http.cookies["homeostat_refresh"]
    refused(browser.http.post(f"{SESSION}/refresh", json={}), 403, "csrf")
    answer = browser.http.post(f"{SESSION}/refresh", json={}, headers={"X-CSRF-Token": browser.csrf})
    assert answer.status_code == 200 and answer.json()["access_token"] is None
    assert sorted(dict(browser.http.cookies)) == ["homeostat_refresh", "homeostat_session"]
    assert browser.http.cookies["homeostat_refresh"] != before
    assert browser.change(X_CSRF_Token=answer.json()["csrf_token"]).status_code == 200


def test_signing_out_takes_them_away(browser: Browser) -> None:
    kept = {"Cookie": f"homeostat_session={browser.http.cookies['homeostat_session']}"}
    assert browser.http.delete(SESSION, headers={"X-CSRF-Token": browser.csrf}).status_code == 204
    assert not dict(browser.http.cookies)
    refused(browser.http.get("/api/v1/whoami", headers=kept), 401, "unauthorized")
