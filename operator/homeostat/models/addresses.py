"""Addresses as fields hold them: of IP, ports, and of network cards."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema


def _check_address(value: str) -> str:
    """Refuses a zone: any text may follow the '%', and no address for QEMU needs one."""
    if "%" in value:
        raise ValueError("must be an IPv4 or IPv6 address without a zone (%)")
    found = ipaddress.ip_address(value)
    return str(getattr(found, "ipv4_mapped", None) or found)


def _check_ipv4(value: str) -> str:
    try:
        return str(ipaddress.IPv4Address(value))
    except ValueError:
        raise ValueError(
            "must be an IPv4 address, such as 127.0.0.1, or 0.0.0.0 for all of the host's: QEMU's user mode knows no others"
        ) from None


Address = Annotated[
    str,
    AfterValidator(_check_address),
    WithJsonSchema({"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}),
]
NOWHERE = "none"


def _check_listen(value: str) -> str:
    if value == NOWHERE:
        return value
    try:
        ipaddress.ip_address(value.partition("%")[0])
    except ValueError:
        raise ValueError(f"must be an IPv4 or IPv6 address, such as 127.0.0.1, or {NOWHERE}") from None
    return _check_address(value)


ListenAddress = Annotated[
    str,
    AfterValidator(_check_listen),
    WithJsonSchema({"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}, {"enum": [NOWHERE]}]}),
]
"""An address to listen on, or ``NOWHERE``."""
IPv4 = Annotated[str, AfterValidator(_check_ipv4), WithJsonSchema({"type": "string", "format": "ipv4"})]
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]


def check_mac(value: str) -> str:
    mac = value.lower()
    if not re.fullmatch(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", mac):
        raise ValueError("must be six pairs of hexadecimal digits, such as 52:54:00:12:34:56")
    if int(mac[:2], 16) & 1:
        raise ValueError("is a multicast address (its first byte is odd); a nic needs a unicast one")
    return mac
