"""Signing in by a provider, as the browser is answered: where it is sent, and what becomes of what it brings back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import falcon.asgi
import pytest
from falcon.testing import Result, TestClient

from homeostat.accounts.actor import NOBODY
from homeostat.accounts.errors import ProviderRefused, TooManyAttempts
from homeostat.accounts.signing_in.oidc.attempt import OidcAttempt
from homeostat.accounts.signing_in.oidc.provider import Provider, Tokens
from homeostat.accounts.signing_in.oidc.settings import CALLBACK, OidcSettings
from homeostat_api.accounts import oidc
from homeostat_api.errors import ANSWERS
from homeostat_api.http import errors, media
from homeostat_api.http.requests.origin import arrive

BEGIN = "/api/v1/session/oidc"
SETTINGS = OidcSettings("https://id.example", "homeostat")
PROVIDER = Provider("https://id.example/ask", "https://id.example/token", "https://id.example/keys", ("RS256",), False, True)
FROM_IT = {"iss": SETTINGS.issuer}


class Accounts:
    """Lets nobody in, and notes why."""

    def __init__(self) -> None:
        self.refused: list[str] = []
        self.looked_again = 0
        self.too_early = False
        self.recognition = self

    async def reception(self) -> Any:
        return self

    async def run(self, work: Any) -> Any:
        return work()

    def by_provider(self, settings: OidcSettings) -> Any:
        return SimpleNamespace(check_turn=self._check_turn, refuse=lambda address, why: self.refused.append(why))

    def _check_turn(self, address: str) -> None:
        if self.too_early:
            raise TooManyAttempts(7)

    def look_again(self) -> None:
        self.looked_again += 1


class Away:
    """A provider that is asked for nothing but what it is."""

    def __init__(self, settings: OidcSettings) -> None:
        self.redeemed: list[str] = []

    async def provider(self) -> Provider:
        return PROVIDER

    async def redeem(self, code: str, attempt: OidcAttempt) -> Tokens:
        self.redeemed.append(code)
        raise ProviderRefused("it has no such code")


class House:
    def __init__(self) -> None:
        self.accounts = Accounts()
        both = oidc.Oidc(self.accounts, SETTINGS)  # type: ignore[arg-type]
        self.provider: Any = both.configured()[1]
        app = falcon.asgi.App(middleware=[self])
        errors.install(app, ANSWERS)
        media.install(app)
        app.add_route(BEGIN, oidc.OidcBegin(both))
        app.add_route(CALLBACK, oidc.OidcCallback(both))
        self._client = TestClient(app)

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        req.context.actor = NOBODY
        arrive(req, ())

    def get(self, path: str, cookie: str | None = None, **asked: str) -> Result:
        cookies = {oidc.ATTEMPT: cookie} if cookie is not None else {}
        return self._client.simulate_get(path, params=asked, cookies=cookies)

    def begun(self) -> tuple[str, str]:
        """Returns the cookie of an attempt, and its state."""
        begun = self.get(BEGIN, to="/machines")
        assert begun.status_code == 302 and begun.headers["location"].startswith(f"{PROVIDER.authorization}?")
        cookie = begun.cookies[oidc.ATTEMPT]
        assert cookie.http_only and cookie.path == oidc.ATTEMPT_PATH and cookie.same_site == "Lax"
        return cookie.value, begun.headers["location"].partition("&state=")[2].partition("&")[0]


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(oidc, "ProviderClient", Away)
    return House()


@pytest.mark.parametrize(
    ("brought", "why"),
    [
        ({"error": "access_denied"}, "the provider lets nobody in: access_denied"),
        ({"error": "access_denied", "code": "c"}, "the provider lets nobody in: access_denied"),
        ({"error": "x" * 200}, f"the provider lets nobody in: {100 * 'x'}"),
        ({}, "there is no code of the provider"),
        ({"code": "x" * (oidc.CODE_MAX + 1)}, "there is no code of the provider"),
        ({"code": "x" * oidc.CODE_MAX}, "it has no such code"),
    ],
    ids=["error", "error and code", "long error", "no code", "long code", "longest code"],
)
def test_what_lets_nobody_in_is_told_and_noted(house: House, brought: dict[str, str], why: str) -> None:
    cookie, state = house.begun()
    answer = house.get(CALLBACK, cookie, state=state, **FROM_IT, **brought)
    assert answer.status_code >= 400 and why in answer.json["error"]
    assert len(house.accounts.refused) == 1 and why in house.accounts.refused[0] and house.accounts.looked_again == 1
    assert len(house.provider.redeemed) == (why == "it has no such code")
    assert answer.headers["cache-control"] == "no-store"


def test_who_has_failed_too_often_waits(house: House) -> None:
    cookie, state = house.begun()
    house.accounts.too_early = True
    answer = house.get(CALLBACK, cookie, state=state, code="c", **FROM_IT)
    assert (answer.status_code, answer.headers["retry-after"], house.provider.redeemed) == (429, "7", [])


@pytest.mark.parametrize("brought", [{"code": "c", "iss": "https://other.example"}, {"code": "c"}], ids=["another's", "nobody's"])
def test_what_another_provider_sent_redeems_nothing(house: House, brought: dict[str, str]) -> None:
    cookie, state = house.begun()
    assert house.get(CALLBACK, cookie, state=state, **brought).status_code >= 400
    assert house.provider.redeemed == [] and len(house.accounts.refused) == 1


def test_what_belongs_to_no_attempt_of_this_browser_redeems_nothing(house: House) -> None:
    cookie, state = house.begun()
    for shown, given in ((None, state), ("x", state), (cookie, "x" + state), (cookie, "")):
        answer = house.get(CALLBACK, shown, state=given, code="c", **FROM_IT)
        assert answer.status_code >= 400 and not house.provider.redeemed


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "machines"])
def test_nobody_is_sent_elsewhere(house: House, to: str) -> None:
    assert house.get(BEGIN, to=to).status_code == 400


def test_without_settings_there_is_no_provider() -> None:
    with pytest.raises(oidc.ProviderNotConfigured):
        oidc.Oidc(Accounts(), None).configured()  # type: ignore[arg-type]
