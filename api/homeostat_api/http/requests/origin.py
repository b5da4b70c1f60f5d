"""Where a request comes from: what a proxy says of it is believed only where the configuration names that proxy."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TypeAlias

import falcon.asgi

Proxies: TypeAlias = Collection[IPv4Network | IPv6Network]
WEBSOCKETS = {"ws": "http", "wss": "https"}
HOPS_MAX = 32  # entries of X-Forwarded-For that are worth a look


def proxies_of(names: Collection[str]) -> Proxies:
    """Reads the addresses, or networks, of proxies.

    Raises:
        ValueError: one is none.
    """
    return tuple(ip_network(name) for name in names)


def arrive(req: falcon.asgi.Request, proxies: Proxies) -> None:
    """Finds out where a request comes from, and by which scheme, for ``address_of`` and ``scheme_of``."""
    peer = req.scope.get("client")
    address = str(next(iter(peer), "")) if peer else ""
    scheme = WEBSOCKETS.get(req.scheme, req.scheme)
    if proxies and _is_one(address, proxies):
        address = _forwarded(req.get_header("X-Forwarded-For") or "", address, proxies)
        told = (req.get_header("X-Forwarded-Proto") or "").strip().lower()
        scheme = told if told in ("http", "https") else scheme
    req.context.address, req.context.scheme = address, scheme


def address_of(req: falcon.asgi.Request) -> str:
    """Returns the address of whoever asks; "" where there is none."""
    address: str = req.context.address
    return address


def scheme_of(req: falcon.asgi.Request) -> str:
    """Returns http or https, as whoever asks sees it."""
    scheme: str = req.context.scheme
    return scheme


def is_of_a_page_of(req: falcon.asgi.Request, origins: Collection[str]) -> bool:
    """Tells whether a page of this server has a browser ask, or one of those origins, or no page at all."""
    origin = req.get_header("Origin")
    if origin is None:
        return req.get_header("Sec-Fetch-Site") not in ("cross-site", "same-site")
    return origin in origins or origin == f"{scheme_of(req)}://{req.get_header('Host')}"


def _forwarded(told: str, peer: str, proxies: Proxies) -> str:
    """Returns the last address that no proxy of ours has. What stands before it anybody may have written."""
    for entry in reversed(told.split(",")[-HOPS_MAX:]):
        try:
            address = str(ip_address(entry.strip()))
        except ValueError:
            return peer
        if not _is_one(address, proxies):
            return address
        peer = address
    return peer


def _is_one(address: str, proxies: Proxies) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in network for network in proxies if network.version == (mapped or found).version)
