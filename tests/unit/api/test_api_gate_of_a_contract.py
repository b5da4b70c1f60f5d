"""A contract's entrance may take a token of the query, a refresh token of a cookie, and a ticket; and be open below a path."""

from __future__ import annotations

from typing import Any

import falcon.asgi
import pytest
from falcon.testing import Result, TestClient

from homeostat.accounts.actor import NOBODY, Actor
from homeostat.accounts.errors import DatabaseTrouble, NoAccounts, NotSignedIn
from homeostat_api.config import ApiConfig
from homeostat_api.gate import Gate
from homeostat_api.http import errors
from homeostat_api.http.contract import Entrance
from homeostat_api.http.rights import Door, needs
from homeostat_contracts.volant.errors import ANSWERS
from tests.unit.api.test_api_gate_by_account import ADA, Accounts

PANEL, EVIL = "https://panel.example", "https://evil.example"


class Refreshing(Accounts):
    """One account, whose refresh token is ``fresh``."""

    refuses: Exception = NotSignedIn()

    async def by_refresh(self, shown: str) -> Actor:
        if shown != "fresh":
            raise self.refuses
        return self.actor


class AnyRoom:
    def __init__(self) -> None:
        self.asked: list[Actor] = []

    @needs(Door.OPEN)
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        self.asked.append(req.context.actor)

    on_post = on_get


def cookie_of(req: falcon.asgi.Request) -> str | None:
    return req.cookies.get("refresh")


ENTRANCE = Entrance(
    "Sign in",
    first=lambda req: req.get_param("first"),
    refresh=cookie_of,
    shown=lambda req: req.get_param("last"),
    for_everybody_below=("/open/",),
    always=True,
)


class Place:
    def __init__(self, any_page: bool = False) -> None:
        self.accounts, self.room = Refreshing(), AnyRoom()
        config: Any = {"host": "0.0.0.0", "origins": frozenset({PANEL})}
        gate = Gate(ApiConfig(None, None, **config), ENTRANCE, self.accounts, any_page)  # type: ignore[arg-type]
        app = falcon.asgi.App(middleware=[gate])
        errors.install(app, ANSWERS)
        app.add_route("/room", self.room)
        app.add_route("/open/room", self.room)
        self._client = TestClient(app)

    def ask(self, path: str = "/room", method: str = "GET", **headers: str) -> Result:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.simulate_request(method, path, headers=named, remote_addr="192.0.2.7")


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/room?first=hers", {}, 200),
        ("/room?first=hers", {"Authorization": "Bearer other"}, 200),
        ("/room?first=other", {"Authorization": "Bearer hers"}, 401),
        ("/room?last=hers", {}, 200),
        ("/room?last=other", {"Authorization": "Bearer hers"}, 200),
        ("/room?last=hers", {"Authorization": "Bearer other"}, 401),
        ("/room", {"Cookie": "refresh=fresh"}, 200),
        ("/room", {"Cookie": "refresh=fresh", "Authorization": "Bearer other"}, 401),
        ("/room?last=other", {"Cookie": "refresh=fresh"}, 200),
        ("/room?last=hers", {"Cookie": "refresh=stale"}, 200),
        ("/room", {"Cookie": "refresh=stale"}, 401),
        ("/room", {"Authorization": "Bearer fresh"}, 401),
        ("/room", {}, 401),
    ],
    ids=str,
)
def test_what_counts_before_what(path: str, headers: dict[str, str], status: int) -> None:
    place = Place()
    assert place.ask(path, **headers).status_code == status
    assert place.room.asked == ([ADA] if status == 200 else [])


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        ({"Origin": PANEL}, 200),
        ({"Origin": EVIL}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-origin"}, 200),
        ({}, 200),
    ],
    ids=str,
)
def test_pages_elsewhere_change_nothing_by_the_cookie(shown: dict[str, str], status: int) -> None:
    assert Place().ask(method="POST", Cookie="refresh=fresh", **shown).status_code == status


def test_what_is_below_is_read_by_everybody_and_nothing_else() -> None:
    place = Place()
    assert place.ask("/open/room").status_code == 200 and place.room.asked == [NOBODY]
    assert place.ask("/open/room", "POST").status_code == 401


@pytest.mark.parametrize(("any_page", "origin", "status"), [(False, PANEL, 200), (False, EVIL, 401), (True, EVIL, 200)])
def test_any_page_may_ask_whether_it_may(any_page: bool, origin: str, status: int) -> None:
    asks = {"Origin": origin, "Access_Control_Request_Method": "POST"}
    assert Place(any_page).ask(method="OPTIONS", **asks).status_code == status


def test_where_nobody_knows_whose_the_cookie_is() -> None:
    place = Place()
    place.accounts.refuses = NoAccounts()
    assert place.ask(Cookie="refresh=other").status_code == 401
    place.accounts.refuses = DatabaseTrouble("it is away")
    assert place.ask(Cookie="refresh=other").status_code == 503
