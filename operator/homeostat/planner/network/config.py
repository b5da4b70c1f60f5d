"""A libvirt network as values: what the planner wants defined, and what the driver read back.

A field that is None is left as it is, and is not compared.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NetworkRecord:
    """Our element in the network's ``<metadata>``: whose it is. A network without it was made by others."""

    uid: str
    namespace: str
    name: str
    instance: str = ""  # of the store


@dataclass(frozen=True, slots=True)
class LeaseConfig:
    """The address that one guest always gets. ``mac`` for IPv4, ``duid`` for IPv6; empty: none."""

    ip: str
    mac: str = ""
    duid: str = ""
    hostname: str = ""


@dataclass(frozen=True, slots=True)
class AddressConfig:
    """The host's address in the network, with its prefix, and what DHCP gives there. ``ranges``: first and last address."""

    cidr: str
    ranges: tuple[tuple[str, str], ...] | None = ()
    leases: tuple[LeaseConfig, ...] | None = ()


@dataclass(frozen=True, slots=True)
class DnsConfig:
    """Names that DNS answers for with one address."""

    ip: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """One network. ``mode`` is libvirt's: nat, route, bridge, open ...; isolated where it has none.

    ``whole``: addresses that are not listed are not wanted. Otherwise they are somebody else's.
    """

    name: str
    uuid: str
    mode: str | None = None
    bridge: str | None = None
    forward_device: str | None = None  # empty: any
    nat_ipv6: bool | None = None
    mtu: int | None = None  # 0: the kernel's default
    domain: str | None = None  # empty: none
    local_only: bool | None = None
    dns: bool | None = None
    forwarders: tuple[str, ...] | None = None
    hosts: tuple[DnsConfig, ...] | None = None
    addresses: tuple[AddressConfig, ...] | None = None
    record: NetworkRecord | None = None
    whole: bool = True
