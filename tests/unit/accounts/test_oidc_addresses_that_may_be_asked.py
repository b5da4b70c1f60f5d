"""A provider is asked by https, or on this host: what else is written as its address is refused with why."""

from __future__ import annotations

import pytest

from homeostat.accounts.signing_in.oidc.settings import checked_url

GOOD = ["https://login.example", "https://login.example:8443/a/b?c=d", "https://127.0.0.1/x", "https://[2001:db8::1]/"]
HERE = ["http://127.0.0.1:8080/x", "http://[::1]:8080", "http://localhost/"]
NONE, NAMED, HASH, PLAIN = "is no address", "names a user or a password", "has a fragment", "is not https"
BAD = {
    "": NONE,
    "https://": NONE,
    "https:///path": NONE,
    "https://login.example/a b": NONE,
    "https://login.example/ä": NONE,
    "https://login.example/\x7f": NONE,
    "https://[::1": NONE,
    "https://login.example:port": NONE,
    "https://login.example:70000": NONE,
    "login.example": NONE,
    "https://me@login.example": NAMED,
    "https://@login.example": NAMED,
    "https://:word@login.example": NAMED,
    "https://login.example/#part": HASH,
    "http://login.example": PLAIN,
    "http://192.0.2.1": PLAIN,
    "ftp://127.0.0.1/x": PLAIN,
    "ftp://login.example": PLAIN,
}


@pytest.mark.parametrize("url", [*GOOD, *HERE])
def test_good(url: str) -> None:
    assert checked_url(url) == url


@pytest.mark.parametrize("url", BAD, ids=range(len(BAD)))
def test_none(url: str) -> None:
    with pytest.raises(ValueError, match=f"^{BAD[url]}"):
        checked_url(url)


def test_https_on_this_host_too_where_that_is_wanted() -> None:
    for url in GOOD:
        assert checked_url(url, loopback=False) == url
    for url in HERE:
        with pytest.raises(ValueError, match=f"^{PLAIN}"):
            checked_url(url, loopback=False)
