"""What the browser keeps of an attempt to sign in tells of that attempt, and of no other."""

from __future__ import annotations

import base64

import pytest

from homeostat.accounts.errors import ProviderRefused
from homeostat.accounts.signing_in.oidc.attempt import COOKIE_MAX, PATH_MAX, OidcAttempt
from homeostat.accounts.signing_in.oidc.settings import OidcSettings

SETTINGS, BACK = OidcSettings("https://login.example", "homeostat"), "https://vm.example/back"
SECRET = "s" * 43


def cookie(begun: str = "1000", secret: str = SECRET, to: str | bytes = "/disks") -> str:
    path = base64.urlsafe_b64encode(to.encode() if isinstance(to, str) else to).rstrip(b"=").decode()
    return f"{begun}.{secret}.{path}"


@pytest.mark.parametrize("to", ["/", "/a", "/ab", "/abc", "/machines?q=a.b&c", "/" + "x" * (PATH_MAX - 1)], ids=len)
def test_as_it_began(to: str) -> None:
    begun = OidcAttempt.begin(SETTINGS, 1000, to, BACK)
    assert (begun.begun, begun.to, begun.back) == (1000, to, BACK)
    assert OidcAttempt.recall(SETTINGS, begun.cookie, BACK) == begun


def test_each_has_a_secret_of_its_own_and_shows_it_to_nobody() -> None:
    one, two = (OidcAttempt.begin(SETTINGS, 1000, "/", BACK) for _ in range(2))
    assert one.secret != two.secret
    assert one.secret not in repr(one)


WRONG = {
    "none": None,
    "empty": "",
    "no parts": SECRET,
    "no time": cookie(begun=""),
    "time of letters": cookie(begun="1e3"),
    "time beyond all": cookie(begun="1" * 13),
    "short secret": cookie(secret=SECRET[1:]),
    "long secret": cookie(secret=SECRET + "s"),
    "one part more": cookie() + ".x",
    "half a byte": cookie() + "A",
    "path cut off": f"1000.{SECRET}.A",
    "no path": cookie(to=""),
    "path not of ASCII": cookie(to=b"/\xff"),
    "path elsewhere": cookie(to="//evil.example"),
    "longer than any": f"1000.{SECRET}." + "A" * COOKIE_MAX,
}


@pytest.mark.parametrize("which", WRONG)
def test_what_tells_of_none(which: str) -> None:
    with pytest.raises(ProviderRefused, match="this browser has not begun to sign in here"):
        OidcAttempt.recall(SETTINGS, WRONG[which], BACK)
