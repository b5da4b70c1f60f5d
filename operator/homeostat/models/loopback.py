"""Addresses of this host alone."""

from __future__ import annotations

import ipaddress


def is_loopback(host: str) -> bool:
    """Tells whether a host, by name or address, is this one and nobody else reaches it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
