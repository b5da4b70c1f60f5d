"""The cookies of a session: how a browser is to keep them, which of them counts, and who may ask with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import falcon.asgi
import falcon.testing
import pytest
from falcon.testing import Result, TestClient

from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.sessions import SignedIn
from homeostat_api.accounts import cookies
from homeostat_api.http.errors import Problem
from homeostat_api.http.requests.origin import arrive

SOON = datetime(2999, 1, 1, 12, tzinfo=UTC)
SIGNED_IN = SignedIn("shown", SOON, "renews", SOON + timedelta(days=1), "s1", "bob", Role.USER)
HOST = "vms.example:8443"
PROOF = cookies.csrf_of("shown")


def asked(**headers: str) -> falcon.asgi.Request:
    sent: Any = {name.replace("_", "-"): value for name, value in headers.items()}

    async def receive() -> Any:
        raise AssertionError("nobody reads the body")

    request = falcon.asgi.Request(
        falcon.testing.create_scope(headers=sent, scheme="https", host="vms.example", port=8443), receive
    )
    arrive(request, ())
    return request


class Page:
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        arrive(req, ())
        cookies.set_cookies(req, resp, SIGNED_IN)

    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        cookies.unset_cookies(resp)


def answered(method: str, scheme: str = "https") -> Result:
    app = falcon.asgi.App()
    app.add_route("/", Page())
    return TestClient(app).simulate_request(method, "/", protocol=scheme)


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_how_a_browser_keeps_them(scheme: str) -> None:
    given = answered("GET", scheme).cookies
    assert {name: (one.value, one.path, one.expires) for name, one in given.items()} == {
        "homeostat_session": ("shown", "/", SOON),
        "homeostat_refresh": ("renews", "/api/v1/session", SOON + timedelta(days=1)),
    }
    for one in given.values():
        assert one.http_only and one.same_site == "Strict" and one.secure is (scheme == "https") and one.domain is None


def test_both_are_taken_away_from_where_they_are() -> None:
    taken = answered("DELETE").cookies
    assert {name: (one.value, one.path, one.same_site) for name, one in taken.items()} == {
        "homeostat_session": ("", "/", "Strict"),
        "homeostat_refresh": ("", "/api/v1/session", "Strict"),
    }
    assert all(one.expires is not None and one.expires < datetime.now(UTC) for one in taken.values())


@pytest.mark.parametrize(
    ("sent", "access", "refresh"),
    [
        ("", None, None),
        ("other=1", None, None),
        ("homeostat_session=a", "a", None),
        ("homeostat_refresh=r", None, "r"),
        ("homeostat_refresh=r; homeostat_session=a", "a", "r"),
        ("homeostat_session=a; homeostat_session=b", "a", None),
        ("homeostat_session=; homeostat_refresh=", None, None),
    ],
    ids=["none", "another", "access", "refresh", "both", "twice", "empty"],
)
def test_which_of_them_counts(sent: str, access: str | None, refresh: str | None) -> None:
    req = asked(**({"Cookie": sent} if sent else {}))
    assert (cookies.access_of(req), cookies.refresh_of(req)) == (access, refresh)


def test_each_token_has_its_proof() -> None:
    assert len(PROOF) == 32 and cookies.csrf_of("shown") == PROOF
    assert len({cookies.csrf_of(token) for token in ("shown", "shown ", "", "ä", "\udcff")}) == 5


OURS, FOREIGN = f"https://{HOST}", "https://evil.example"
PROVED: list[tuple[dict[str, str], str | None, bool]] = [
    ({}, "shown", False),
    ({}, None, False),
    ({"X_CSRF_Token": PROOF}, "shown", True),
    ({"X_CSRF_Token": PROOF, "Origin": FOREIGN}, "shown", True),
    ({"X_CSRF_Token": PROOF}, "another", False),
    ({"X_CSRF_Token": PROOF}, None, False),
    ({"X_CSRF_Token": PROOF[:-1]}, "shown", False),
    ({"X_CSRF_Token": ""}, "shown", False),
    ({"X_CSRF_Token": "ä"}, "shown", False),
    ({"X_CSRF_Token": "wrong", "Sec_Fetch_Site": "same-origin"}, "shown", True),
    ({"Origin": OURS}, None, True),
    ({"Origin": OURS, "Sec_Fetch_Site": "same-origin"}, None, True),
    ({"Origin": OURS, "Sec_Fetch_Site": "cross-site"}, None, False),
    ({"Origin": OURS, "Sec_Fetch_Site": "none"}, None, False),
    ({"Origin": f"http://{HOST}"}, None, False),
    ({"Origin": "https://vms.example"}, None, False),
    ({"Origin": FOREIGN}, None, False),
    ({"Origin": FOREIGN, "Sec_Fetch_Site": "same-origin"}, None, False),
    ({"Origin": ""}, None, False),
    ({"Origin": "", "Sec_Fetch_Site": "same-origin"}, None, False),
    ({"Sec_Fetch_Site": "same-origin"}, None, True),
    ({"Sec_Fetch_Site": "same-site"}, None, False),
    ({"Sec_Fetch_Site": "none"}, None, False),
]


@pytest.mark.parametrize(("headers", "access", "proved"), PROVED)
def test_who_may_ask_with_them(headers: dict[str, str], access: str | None, proved: bool) -> None:
    if proved:
        cookies.check_same_origin(asked(**headers), access)
        return
    with pytest.raises(Problem) as refused:
        cookies.check_same_origin(asked(**headers), access)
    assert (refused.value.status_code, refused.value.problem_code) == (403, "csrf")
    assert refused.value.details == {"origin": headers.get("Origin", "")}


def test_a_long_origin_is_told_in_part() -> None:
    with pytest.raises(Problem) as refused:
        cookies.check_same_origin(asked(Origin="https://" + 300 * "x"))
    assert refused.value.details == {"origin": "https://" + 248 * "x"}
