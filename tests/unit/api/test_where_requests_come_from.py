"""What a proxy says of where a request comes from is believed where the proxy is named, and nowhere else."""

from __future__ import annotations

from typing import Any

import falcon.testing
import pytest
from falcon.asgi import Request

from homeostat_api.config import ConfigError, proxies_named
from homeostat_api.http.requests.origin import address_of, arrive, scheme_of

OURS = ("10.0.0.5", "10.1.0.0/16", "2001:db8::/64")


def asked(peer: str, *named: str, **headers: str) -> Request:
    sent: Any = {name.replace("_", "-"): value for name, value in headers.items()}
    scope = falcon.testing.create_scope(headers=sent, remote_addr=peer)

    async def receive() -> Any:
        raise AssertionError("nobody reads the body")

    request = Request(scope, receive)
    arrive(request, proxies_named(named))
    return request


@pytest.mark.parametrize(
    ("peer", "told", "address"),
    [
        ("10.0.0.5", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.5", "1.2.3.4, 203.0.113.9", "203.0.113.9"),  # what stands before it anybody may have written
        ("10.0.0.5", "203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("10.0.0.5", "10.1.2.3", "10.1.2.3"),
        ("10.0.0.5", "203.0.113.9, nonsense", "10.0.0.5"),
        ("10.0.0.5", "nonsense, 10.1.2.3", "10.1.2.3"),
        ("10.0.0.5", "203.0.113.9:4711", "10.0.0.5"),
        ("10.0.0.5", "", "10.0.0.5"),
        ("::ffff:10.0.0.5", "203.0.113.9", "203.0.113.9"),
        ("2001:db8::7", "2001:db8:1::9", "2001:db8:1::9"),
        ("10.0.0.6", "203.0.113.9", "10.0.0.6"),
        ("192.0.2.1", "203.0.113.9, 10.0.0.5", "192.0.2.1"),
        ("", "203.0.113.9", ""),
    ],
)
def test_the_last_address_that_no_proxy_of_ours_has(peer: str, told: str, address: str) -> None:
    assert address_of(asked(peer, *OURS, X_Forwarded_For=told)) == address
    assert address_of(asked(peer, X_Forwarded_For=told)) == peer, "nobody is named"


@pytest.mark.parametrize(
    ("peer", "told", "scheme"),
    [
        ("10.0.0.5", "https", "https"),
        ("10.0.0.5", " HTTPS ", "https"),
        ("10.0.0.5", "ftp", "http"),
        ("10.0.0.5", "", "http"),
        ("10.0.0.6", "https", "http"),
    ],
)
def test_the_scheme_as_whoever_asks_sees_it(peer: str, told: str, scheme: str) -> None:
    assert scheme_of(asked(peer, *OURS, X_Forwarded_Proto=told)) == scheme


@pytest.mark.parametrize("name", ["proxy.example", "10.0.0.0/33", "", "10.0.0.5/24", "*"])
def test_what_is_no_address_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="--trusted-proxy"):
        proxies_named([name])
