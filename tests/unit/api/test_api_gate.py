"""Who is let in: with a token whoever carries it, without one only this host's own pages and programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import falcon
import falcon.asgi
import pytest
from falcon.testing import Result, TestClient

from homeostat.accounts.actor import NOBODY, Actor
from homeostat.accounts.rights import Role
from homeostat_api.accounts.lookup import AccountsLookup
from homeostat_api.config import ApiConfig
from homeostat_api.gate import Gate, own_entrance
from homeostat_api.http import errors, media
from homeostat_api.http.media import BODY_LIMIT
from homeostat_api.http.rights import Right, needs
from homeostat_contracts.volant.errors import ANSWERS
from homeostat_contracts.volant.routes import API_KEY

TOKEN = "correct-horse-battery-staple"
HERE = "127.0.0.1:8080"


class Door:
    opened = 0

    @needs(Right.SEE)
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        self.opened += 1
        self.actor = req.context.actor

    @needs(Right.CHANGE)
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        self.opened += 1

    @needs(Right.COPY)
    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        self.opened += 1


class House:
    def __init__(self, **config: Any) -> None:
        self.door, app = Door(), falcon.asgi.App()
        known = ApiConfig(Path("/srv/machines"), Path("/srv/state"), **config)
        app.add_middleware(Gate(known, own_entrance(API_KEY), AccountsLookup(known.accounts, known.accounts_required)))
        errors.install(app, ANSWERS)
        media.install(app)
        for path in ("/door", "/healthz", "/healthz/{more}"):
            app.add_route(path, self.door)
        self._client = TestClient(app)

    def asked(self, method: str = "GET", path: str = "/door", host: str = HERE, **headers: str) -> Result:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.simulate_request(method, path, headers=named, host=host)

    def code(self, method: str = "GET", path: str = "/door", host: str = HERE, **headers: str) -> tuple[int, str]:
        before = self.door.opened
        answer = self.asked(method, path, host, **headers)
        assert (self.door.opened > before) is (answer.status_code == 200 and method != "OPTIONS")
        return answer.status_code, "" if answer.status_code == 200 else answer.json["code"]


@pytest.mark.parametrize(
    ("given", "right"),
    [
        (f"Bearer {TOKEN}", True),
        (f"Bearer {TOKEN}x", False),
        ("Bearer ä", False),
        ("", False),
    ],
)
def test_who_carries_the_token_is_let_in(given: str, right: bool) -> None:
    house = House(token=TOKEN)
    for method in ("GET", "POST"):
        assert house.code(method, Authorization=given) == ((200, "") if right else (401, "unauthorized"))


@pytest.mark.parametrize(
    ("config", "headers", "path", "actor"),
    [
        ({}, {}, "/door", Actor("local", Role.ADMINISTRATOR, rights=frozenset(Right))),
        (
            {"token": TOKEN},
            {"Authorization": f"Bearer {TOKEN}"},
            "/door",
            Actor("token", Role.ADMINISTRATOR, rights=frozenset(Right)),
        ),
        (
            {"token": TOKEN},
            {"Authorization": f"Bearer {TOKEN}"},
            "/healthz",
            Actor("token", Role.ADMINISTRATOR, rights=frozenset(Right)),
        ),
        ({"token": TOKEN}, {}, "/healthz", NOBODY),
        ({"rights": frozenset({Right.SEE})}, {}, "/door", Actor("local", Role.ADMINISTRATOR, rights=frozenset({Right.SEE}))),
    ],
)
def test_who_asks_is_known_behind_the_gate(config: dict[str, Any], headers: dict[str, str], path: str, actor: Actor) -> None:
    house = House(**config)
    assert house.code("GET", path, **headers) == (200, "")
    assert house.door.actor == actor


def test_with_a_token_nothing_else_is_asked_for() -> None:
    house = House(token=TOKEN)
    carried = {"Authorization": f"Bearer {TOKEN}"}
    for host in ("api.example.org", HERE):
        assert house.code("POST", host=host, Origin="https://elsewhere.example", **carried) == (200, "")
    assert house.asked().headers["www-authenticate"] == 'Bearer realm="homeostat"'
    assert house.code(path="/nowhere") == (401, "unauthorized"), "nobody learns which paths there are"
    assert house.code(path="/nowhere", **carried) == (404, "not_found")


def test_probes_are_answered_to_everybody() -> None:
    house = House(token=TOKEN, rights=frozenset())
    carried = {"Authorization": f"Bearer {TOKEN}"}
    assert house.code(path="/healthz") == (200, "")
    assert house.code("POST", "/healthz", **carried) == (403, "forbidden"), "to be asked, not to be written"
    assert house.code("POST", "/healthz") == (401, "unauthorized")
    assert house.code(path="/healthz/more") == (401, "unauthorized")
    assert house.code(path="/healthz/more", **carried) == (403, "forbidden")


def test_a_server_of_the_network_lets_nobody_in_who_shows_nothing() -> None:
    """That there is something to show, the start sees to."""
    house = House(host="0.0.0.0")
    for host in (HERE, "api.example.org"):
        assert house.code(host=host) == (401, "unauthorized")
    assert house.code(path="/healthz", host="api.example.org") == (200, "")


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("localhost", True),
        ("localhost:8080", True),
        ("127.0.0.1", True),
        ("[::1]:8080", True),
        ("LOCALHOST", True),
        ("127.0.0.2", False),
        ("localhost.example", False),
        ("evil.example:8080", False),
        ("[::1", False),
        ("::1", False),
        ("localhost:65535", True),
        ("localhost:65536", False),
        ("localhost:99999", False),
        ("localhost:1", True),
        ("localhost:0", False),
        ("localhost:", False),
        ("localhost:x", False),
        ("localhost:٣", False),
        ("localhost:80:80", False),
        ("localhost#x", False),
        ("localhost/x", False),
        ("localhost?x", False),
        ("localhost\\x", False),
        ("evil.example@localhost", False),
        ("localhost,evil.example", False),
        (" localhost", False),
        ("[::1]x", False),
        ("127.1", False),
        ("", False),
    ],
)
def test_without_a_token_only_this_host_is_served(host: str, ours: bool) -> None:
    house = House()
    for method in ("GET", "POST"):
        assert house.code(method, host=host) == ((200, "") if ours else (403, "host_refused"))


@pytest.mark.parametrize(
    ("origin", "ours"),
    [(f"http://{HERE}", True), (f"https://{HERE}", False), ("http://127.0.0.1", False), ("null", False), ("", False)],
)
def test_without_a_token_only_its_own_pages_change_anything(origin: str, ours: bool) -> None:
    house = House()
    assert house.code("POST", Origin=origin) == ((200, "") if ours else (403, "origin_refused"))
    assert house.code("GET", Origin=origin) == (200, ""), "browsers keep the answer from it"
    assert house.asked("OPTIONS", Origin=origin).status_code == 200


def test_what_is_named_in_a_refusal_is_cut() -> None:
    long = 300 * "a"
    assert House().asked(host=long).json["details"] == {"host": long[:256]}
    assert House().asked("POST", Origin=long).json["details"] == {"origin": long[:256]}


def test_who_has_not_the_right_is_told_which() -> None:
    house = House(rights=frozenset({Right.SEE}))
    assert house.code() == (200, "")
    refused = house.asked("POST")
    assert (refused.status_code, refused.json["details"]) == (403, {"right": "change"})
    assert refused.json["error"] == "This needs the right to change"
    assert house.code("DELETE") == (405, "method_not_allowed")


def test_a_body_that_says_it_is_too_large_is_not_read() -> None:
    house = House()
    assert house.code("POST", Content_Length=str(BODY_LIMIT)) == (200, "")
    assert house.code("POST", Content_Length=str(BODY_LIMIT + 1)) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("site", "ours"), [("same-origin", True), ("none", True), (None, True), ("cross-site", False), ("same-site", False)]
)
def test_pages_of_others_have_no_disk_copied_by_who_shows_nothing(site: str | None, ours: bool) -> None:
    named = {} if site is None else {"Sec_Fetch_Site": site}
    assert House().code("PUT", **named) == ((200, "") if ours else (403, "origin_refused"))
    assert House(token=TOKEN).code("PUT", Authorization=f"Bearer {TOKEN}", **named) == (200, ""), "a page has no token to show"
    assert House().code("GET", **named) == (200, "")


def test_only_what_says_so_takes_bodies_of_any_length() -> None:
    class Desk:
        @media.takes_any_length
        async def on_patch(self) -> None: ...

        async def on_post(self) -> None: ...

    assert [media.bounded(Desk(), method) for method in ("PATCH", "POST", "GET")] == [False, True, True]


@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin", "none", None])
def test_pages_of_others_have_nothing_copied(site: str | None) -> None:
    """What only reads is answered: a page of others does not see it."""
    house, sent = House(), {"Sec_Fetch_Site": site} if site else {}
    others = site in ("cross-site", "same-site")
    assert house.code("PUT", **sent) == ((403, "origin_refused") if others else (200, ""))
    assert house.code("GET", **sent) == (200, "")
    carried = {"Authorization": f"Bearer {TOKEN}", **sent}
    assert House(token=TOKEN).code("PUT", **carried) == (200, ""), "it was not the browser that added the token"
