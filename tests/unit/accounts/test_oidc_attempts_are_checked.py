"""What comes back from the provider lets in only where it belongs to this attempt, within ten minutes."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from homeostat.accounts.errors import ProviderRefused
from homeostat.accounts.signing_in.oidc.attempt import OidcAttempt
from homeostat.accounts.signing_in.oidc.provider import Provider
from homeostat.accounts.signing_in.oidc.settings import OidcSettings

BACK = "https://vm.example/back"
SETTINGS = OidcSettings("https://login.example", "homeostat")
PROVIDER = Provider("https://login.example/start", "https://login.example/token", "https://login.example/keys", (), False, False)
OURS = OidcAttempt(SETTINGS, 1000, "s" * 43, "/disks", BACK)


def state_of(attempt: OidcAttempt) -> str:
    return parse_qs(urlsplit(attempt.address(PROVIDER)).query)["state"][0]


@pytest.mark.parametrize("now", [1000, 1001, 1600])
def test_its_own_within_ten_minutes(now: int) -> None:
    OURS.check(state_of(OURS), now)


@pytest.mark.parametrize("now", [999, 1601, 10**9])
def test_too_late_or_of_the_future(now: int) -> None:
    with pytest.raises(ProviderRefused, match="longer than 10 minutes"):
        OURS.check(state_of(OURS), now)


@pytest.mark.parametrize("state", [None, "", "x", "\ud800", state_of(OURS)[:-1], OURS.nonce, OURS.verifier], ids=range(7))
def test_another_state(state: str | None) -> None:
    with pytest.raises(ProviderRefused, match="another attempt"):
        OURS.check(state, 1000)


OTHERS = {
    "time": replace(OURS, begun=1001),
    "secret": replace(OURS, secret="t" * 43),
    "path": replace(OURS, to="/networks"),
    "address of ours": replace(OURS, back="https://other.example/back"),
    "issuer": replace(OURS, settings=replace(SETTINGS, issuer="https://other.example")),
    "client": replace(OURS, settings=replace(SETTINGS, client_id="other")),
}


@pytest.mark.parametrize("which", OTHERS)
def test_another_attempt(which: str) -> None:
    other = OTHERS[which]
    with pytest.raises(ProviderRefused, match="another attempt"):
        OURS.check(state_of(other), 1000)
    assert {other.nonce, other.verifier}.isdisjoint({OURS.nonce, OURS.verifier})
