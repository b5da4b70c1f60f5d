"""Addresses that nothing is fetched from: they give credentials to everybody who asks from inside a host."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import TypeAlias

from homeostat.driver.errors import Refused

IpAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_REFUSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "169.254.0.0/16",  # link-local (RFC 3927): the metadata of nearly every cloud
        "fe80::/10",  # link-local
        "fd00:ec2::/32",  # AWS
        "fd20:ce::/32",  # Google
        "fd00:c1::/32",  # Oracle
        "fd00:42::/32",  # Scaleway
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure
        "192.0.0.192/32",  # Oracle, formerly
    )
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the IPv4 address is in the last 32 bits
_LOCAL_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")  # RFC 8215
_IN_THE_LAST = tuple(ipaddress.ip_network(n) for n in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96"))  # compatible, mapped, SIIT
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214: bits 64 to 95


def check_address(host: str, name: str) -> None:
    """Checks an address. ``name`` is the image, for the message; ``host`` may be a name (then nothing is known yet) or an
    address.

    Raises:
        Refused: it is the address of a cloud's metadata service, or link-local, in whatever form.
    """
    try:
        address = ipaddress.ip_address(host.strip("[]").split("%")[0])
    except ValueError:
        return
    if any(form in network for form in _forms(address) for network in _REFUSED if form.version == network.version):
        raise Refused(f"image {name}: nothing is fetched from {host}; link-local and cloud metadata addresses are refused")


def _forms(address: IpAddress) -> Iterator[IpAddress]:
    """Yields the address, and the addresses at which packets to it may arrive."""
    yield address
    if not isinstance(address, ipaddress.IPv6Address):
        return
    number = int(address)
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if address in _LOCAL_NAT64:
        yield from _rfc6052(number)
    if address in _NAT64 or any(address in network for network in _IN_THE_LAST) or (number >> 32) & 0xFFFFFFFF in _ISATAP:
        yield ipaddress.IPv4Address(number & 0xFFFFFFFF)


def _rfc6052(number: int) -> Iterator[IpAddress]:
    """Yields the IPv4 addresses in its prefixes of 48, 56, 64 and 96 bits. Bits 64 to 71 are left out (RFC 6052, 2.2)."""
    bits = f"{number:0128b}"
    for length in (48, 56, 64, 96):
        embedded = bits[length:] if length == 96 else (bits[length:64] + bits[72:])
        yield ipaddress.IPv4Address(int(embedded[:32], 2))
