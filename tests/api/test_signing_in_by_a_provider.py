"""Signing in by an OpenID Connect provider: whom it knows comes in as the account that is his, and nobody else does."""

from __future__ import annotations

import base64
import html
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from homeostat.accounts.audit.audit import Audit, AuditEntry
from homeostat.accounts.database.database import Database, sqlite_url
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.oidc.identities import Identities
from homeostat.store.files.state import StateFolder
from tests.api.harness import Api, refused, serving
from tests.api.openid_provider import CLIENT, SECRET, Answer, OpenIdProvider, openid_provider
from tests.api.people import Person, settle
from tests.rig.waiting import wait_until

BEGIN, CALLBACK = "/api/v1/session/oidc", "/api/v1/session/oidc/callback"
ALICE, STRANGER = "248289761001", "no-one"
OTHER_KEY = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)


@dataclass
class Browser:
    """Goes where it is sent, and keeps cookies as one does."""

    http: httpx.Client

    def begin(self, **asked: str) -> str:
        """Begins to sign in, and returns where the provider is asked."""
        answer = self.http.get(BEGIN, params=asked)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def back(self, **asked: str) -> str:
        """Begins, asks the provider, and returns where that sends the browser back to."""
        answer = httpx.get(self.begin(**asked))
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def signed_in(self, **asked: str) -> httpx.Response:
        return self.http.get(self.back(**asked))


@dataclass
class House:
    api: Api
    provider: OpenIdProvider

    def browser(self) -> Browser:
        return Browser(self.api.visitor())

    def browser_that_keeps(self, cookie: str) -> httpx.Client:
        """Returns one that holds a cookie of an attempt."""
        http = self.api.visitor()
        http.cookies["homeostat_oidc"] = cookie
        return http

    def link(self, account: str, subject: str) -> None:
        with self._database() as database:
            Identities(database).link(account, self.provider.issuer, subject)

    def audit(self) -> list[AuditEntry]:
        with self._database() as database:
            return list(Audit(database).search())

    @contextmanager
    def _database(self) -> Iterator[Database]:
        database = Database.open(sqlite_url(StateFolder.open(self.api.state).accounts))
        yield database
        database.close()


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider() as running:
        yield running


@contextmanager
def housed(root: Path, provider: OpenIdProvider, **more: Any) -> Iterator[House]:
    secret, file = root / "secret", root / "homeostat.toml"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    table = {"issuer": provider.issuer, "client-id": CLIENT, "client-secret-file": str(secret), **more}
    lines = [f"{key} = {json.dumps(value)}" for key, value in table.items() if not isinstance(value, dict)]
    lines += [f"roles.{name} = {json.dumps(role)}" for name, role in more.get("roles", {}).items()]
    file.write_text("[accounts.oidc]\n" + "\n".join(lines))
    settle(root / "state", alice=Role.USER)
    with serving(root, "--config", str(file)) as api:
        before, provider.client.back = provider.client.back, f"{str(api.http.base_url).rstrip('/')}{CALLBACK}"
        yield House(api, provider)
        provider.client.back = before


@pytest.fixture(scope="module")
def running(provider: OpenIdProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with housed(tmp_path_factory.mktemp("oidc"), provider) as house:
        house.link("alice", ALICE)
        yield house


@pytest.fixture
def house(running: House) -> Iterator[House]:
    running.provider.forget()
    yield running


def test_whom_the_provider_knows_comes_in(house: House) -> None:
    browser = house.browser()
    answer = browser.signed_in(to="/api/v1/vms?limit=3&offset=0")
    assert answer.status_code == 200 and 'content="0;url=/api/v1/vms?limit=3&amp;offset=0"' in answer.text
    who = browser.http.get("/api/v1/whoami").json()
    assert (who["name"], who["role"], who["how"]) == ("alice", "user", "session")
    assert browser.http.post("/api/v1/session/refresh", json={}, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
    assert browser.http.delete("/api/v1/session", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert browser.http.delete("/api/v1/session", headers={"X-CSRF-Token": who["csrf_token"]}).status_code in (204, 403)
    entry = next(entry for entry in house.audit() if entry.act.verb == "sign in")
    assert (entry.by.account, entry.act.outcome, entry.by.address) == ("alice", "Done", "127.0.0.1")


def test_the_page_to_sign_in_with_leads_there(house: House) -> None:
    page = house.browser().http.get("/console/web", headers={"Accept": "text/html"})
    assert page.status_code == 401 and 'data-ways="password provider"' in page.text


def test_cookies_are_for_this_server_alone(house: House) -> None:
    browser = house.browser()
    began = browser.http.get(BEGIN).headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/api/v1/session/oidc", "Max-Age=600"} <= set(began.split("; "))
    given = browser.signed_in().headers.get_list("Set-Cookie")
    kept = [cookie for cookie in given if not cookie.startswith("homeostat_oidc=")]
    assert len(kept) == 2 and all("HttpOnly" in cookie and "SameSite=Strict" in cookie for cookie in kept)
    assert "homeostat_oidc" not in browser.http.cookies, "an attempt is good for one return"


def test_nothing_that_proves_the_attempt_goes_to_the_provider_in_the_clear(house: House) -> None:
    browser = house.browser()
    asked = {name: value[0] for name, value in parse_qs(urlsplit(browser.begin()).query).items()}
    kept = browser.http.cookies["homeostat_oidc"]
    assert asked["code_challenge_method"] == "S256" and asked["response_type"] == "code" and "openid" in asked["scope"].split()
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert not any(asked[name] in kept for name in ("state", "nonce", "code_challenge")) and SECRET not in str(asked)


def alg_none(claims: dict[str, Any]) -> str:
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    return ".".join([*(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), ""])


def foreign(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": OTHER_KEY.kid}, claims, OTHER_KEY)


def by_the_secret(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET * 2), algorithms=["HS256"])


NOW = int(time.time())
TOKENS: dict[str, Callable[[dict[str, Any]], str]] = {
    "alg none": alg_none,
    "foreign key": foreign,
    "signed by the secret": by_the_secret,
    "no token": lambda claims: "x.y",
}
CLAIMS: dict[str, dict[str, Any]] = {
    "other nonce": {"nonce": "another"},
    "other audience": {"aud": ["somebody"]},
    "several audiences, for another party": {"aud": ["somebody", CLIENT], "azp": "somebody"},
    "several audiences, for no party": {"aud": ["somebody", CLIENT]},
    "expired": {"exp": NOW - 300, "iat": NOW - 600},
    "not yet": {"nbf": NOW + 3600},
    "other issuer": {"iss": "https://elsewhere.example"},
    "subject is a number": {"sub": 248289761001},
    "empty subject": {"sub": ""},
    "long subject": {"sub": 256 * "x"},
    "subject with a NUL": {"sub": f"{ALICE}\0"},
    **{f"no {claim}": {claim: None} for claim in ("nonce", "aud", "exp", "iat", "iss", "sub")},
}


@pytest.mark.parametrize("wrong", TOKENS)
def test_a_token_that_the_provider_has_not_signed_lets_nobody_in(house: House, wrong: str) -> None:
    house.provider.token = TOKENS[wrong]
    is_refused(house)


def test_a_key_of_the_kid_of_another_signs_nothing(house: House) -> None:
    house.provider.token = lambda claims: jwt.encode({"alg": "RS256", "kid": house.provider.key.kid}, claims, OTHER_KEY)
    is_refused(house)


@pytest.mark.parametrize("wrong", CLAIMS)
def test_a_token_that_says_something_else_lets_nobody_in(house: House, wrong: str) -> None:
    said = CLAIMS[wrong]
    house.provider.claims = lambda claims: {name: value for name, value in {**claims, **said}.items() if value is not None}
    is_refused(house)


def is_refused(house: House) -> None:
    browser = house.browser()
    answer = browser.signed_in()
    refused(answer, 403, "provider_refused")
    assert browser.http.get("/api/v1/whoami").status_code == 401
    newest = house.audit()[0]
    assert (newest.act.verb, newest.act.outcome, newest.by.how) == ("sign in", "Refused", "unknown")
    assert ALICE not in answer.text


def test_what_belongs_to_another_browser_lets_nobody_in(house: House) -> None:
    attacker, victim = house.browser(), house.browser()
    his = attacker.back()
    refused(victim.http.get(his), 403, "provider_refused")
    victim.begin()
    refused(victim.http.get(his), 403, "provider_refused")
    assert victim.http.get("/api/v1/whoami").status_code == 401
    assert not house.provider.asked.count("/token"), "the provider is not even asked"


def test_who_began_twice_comes_in_by_the_later_one(house: House) -> None:
    browser = house.browser()
    earlier, later = browser.back(), browser.back()
    refused(browser.http.get(earlier), 403, "provider_refused")
    assert browser.http.get(later).status_code == 200
    assert browser.http.get("/api/v1/whoami").json()["name"] == "alice"


def test_a_stolen_code_is_of_no_use_in_another_attempt(house: House) -> None:
    thief = house.browser()
    stolen = parse_qs(urlsplit(house.browser().back()).query)["code"][0]
    own = parse_qs(urlsplit(thief.begin()).query)["state"][0]
    refused(thief.http.get(CALLBACK, params={"code": stolen, "state": own}), 403, "provider_refused")
    assert thief.http.get("/api/v1/whoami").status_code == 401


def test_a_code_is_good_once(house: House) -> None:
    browser = house.browser()
    back = browser.back()
    kept = browser.http.cookies["homeostat_oidc"]
    assert browser.http.get(back).status_code == 200
    again = house.browser_that_keeps(kept).get(back)
    refused(again, 403, "provider_refused")
    refused(browser.http.get(back), 403, "provider_refused")


def test_an_attempt_ends_after_ten_minutes(house: House) -> None:
    browser = house.browser()
    back = browser.back()
    begun, rest = browser.http.cookies["homeostat_oidc"].split(".", 1)
    for older in (int(begun) - 601, int(begun) - 60):
        refused(house.browser_that_keeps(f"{older}.{rest}").get(back), 403, "provider_refused")


@pytest.mark.parametrize("cookie", ["", "x", "1.2.3", "9" * 5000, f"1.{'a' * 43}.Ly9ldmls", f"1.{'a' * 43}.{'_' * 9}"])
def test_a_cookie_that_is_none(house: House, cookie: str) -> None:
    refused(house.browser_that_keeps(cookie).get(CALLBACK), 403, "provider_refused")


ELSEWHERE = [
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "javascript:alert(1)",
    "evil.example",
    " /vms",
    "/ä",
    "/" + 2000 * "x",
    "/a\\..\\..\\b",
]


@pytest.mark.parametrize("to", ELSEWHERE, ids=range(len(ELSEWHERE)))
def test_nobody_is_sent_elsewhere(house: House, to: str) -> None:
    refused(house.browser().http.get(BEGIN, params={"to": to}), 400, "invalid_request")


def test_what_another_provider_sends_back_lets_nobody_in(house: House) -> None:
    browser = house.browser()
    back = browser.back()
    refused(browser.http.get(f"{back}&iss=https%3A%2F%2Felsewhere.example"), 403, "provider_refused")
    assert not house.provider.asked.count("/token")


def test_what_the_provider_refuses_is_told(house: House) -> None:
    browser = house.browser()
    state = parse_qs(urlsplit(browser.begin()).query)["state"][0]
    answer = browser.http.get(CALLBACK, params={"error": "access_denied\x1b[31m", "state": state})
    refused(answer, 403, "provider_refused")
    assert "access_denied" in answer.json()["error"] and "\x1b" not in answer.json()["error"]


@pytest.mark.parametrize("path", [BEGIN, CALLBACK])
def test_a_browser_shows_why_as_a_page(house: House, path: str) -> None:
    http = house.api.visitor()
    accept = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    ask = {"state": "1", "to": "<b>//elsewhere"}
    plain, page = http.get(path, params=ask), http.get(path, params=ask, headers=accept)

    assert page.status_code == plain.status_code >= 400
    assert (
        page.headers["Content-Type"] == "text/html; charset=utf-8"
        and "default-src 'none'" in page.headers["Content-Security-Policy"]
    )
    assert html.escape(plain.json()["error"]) in page.text and '<a href="/">' in page.text
    assert "Accept" in page.headers["Vary"] and page.headers["Cache-Control"] == "no-store"


def test_whom_no_account_is_bound_to_learns_what_an_administrator_needs(provider: OpenIdProvider, tmp_path: Path) -> None:
    provider.forget()
    with housed(tmp_path, provider) as house:  # elsewhere the audit has so many refusals that it only counts more
        house.provider.person = {"sub": STRANGER, "preferred_username": "alice", "email": "alice@example.com"}
        browser = house.browser()
        answer = browser.signed_in()
        refused(answer, 403, "no_account")
        assert f"--subject {STRANGER}" in answer.json()["error"] and browser.http.get("/api/v1/whoami").status_code == 401
        newest = house.audit()[0]
        assert newest.act.outcome == "Refused" and STRANGER in newest.act.message


def test_who_is_banned_stays_out_and_one_who_is_signed_in_goes(house: House) -> None:
    browser = house.browser()
    browser.signed_in()
    root = Person(house.api.http, "root")
    assert root.status("PATCH", "users/alice", json={"banned": True}) == 200
    try:
        assert browser.http.get("/api/v1/whoami").status_code == 401
        refused(house.browser().signed_in(), 403, "account_banned")
    finally:
        assert root.status("PATCH", "users/alice", json={"banned": False}) == 200
    assert house.browser().signed_in().status_code == 200


@pytest.mark.parametrize("same_name", [False, True], ids=["of another name", "of the same name"])
def test_a_new_key_of_the_provider_is_soon_known(provider: OpenIdProvider, tmp_path: Path, same_name: bool) -> None:
    provider.forget()
    with housed(tmp_path, provider) as house:
        house.link("alice", ALICE)
        assert house.browser().signed_in().status_code == 200
        old = provider.key
        kid = {"kid": old.kid} if same_name else {}
        provider.key = RSAKey.import_key({**OTHER_KEY.as_dict(private=True), **kid})
        try:
            wait_until(lambda: house.browser().signed_in().status_code == 200, 60, "the new key is known", interval=1)
            provider.token = lambda claims: jwt.encode({"alg": "RS256", "kid": old.kid}, claims, old)
            refused(house.browser().signed_in(), 403, "provider_refused")
        finally:
            provider.key = old


def test_one_that_hangs_keeps_nobody_else_waiting(house: House) -> None:
    going_on = threading.Event()

    def hangs() -> Answer:
        going_on.wait(20)
        return 503, {}, b""

    browser, root = house.browser(), Person(house.api.http, "root")
    back = browser.back()
    house.provider.answers["/token"] = hangs
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(browser.http.get, back, timeout=60)
        try:
            wait_until(lambda: "/token" in house.provider.asked, 20, "the provider is asked")
            for _ in range(8):  # whichever process of the server answers
                assert root.status("GET", "whoami") == 200
                assert Person(house.api.http, "alice").status("GET", "vms") == 200
                assert house.browser().http.get(BEGIN).status_code == 302
            assert not waiting.done()
        finally:
            going_on.set()
        refused(waiting.result(), 503, "provider_unavailable")
