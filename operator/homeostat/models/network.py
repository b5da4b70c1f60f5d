"""Network: a virtual network of the hosts, which machines are plugged into by its name."""

from __future__ import annotations

import re
from enum import StrEnum
from ipaddress import IPv4Interface, IPv6Interface, ip_address, ip_interface
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from .addresses import Address, check_mac
from .base import Flag, Labels, Model, Resource, Status
from .bounds import NAMED_MAX
from .condition import Condition, StatusText
from .machine import PendingChange, first_repeated
from .machine_nics import BRIDGE_PATTERN, NETWORK_PATTERN

LEASES_MAX = 4096
"""Static leases, and DNS records, of one network: more than a /20 needs."""
RANGE_MAX = 65_536
"""Addresses of a DHCP range: libvirt takes no more."""
DHCP6_PREFIX = 64
"""The shortest prefix of IPv6 that dnsmasq serves by DHCP."""
DNS_NAME_PATTERN = r"^([A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?)(\.[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?)*$"
DNS_NAME_MAX = 253


class NetworkMode(StrEnum):
    """How guests reach what is outside."""

    NAT = "NAT"
    ISOLATED = "Isolated"
    ROUTED = "Routed"
    BRIDGE = "Bridge"


def _check_dns_name(name: str) -> str:
    if len(name) > DNS_NAME_MAX or not re.fullmatch(DNS_NAME_PATTERN, name):
        raise ValueError("must be a DNS name: letters, digits, '-' and '.', with a letter or digit first and last")
    if name.replace(".", "").isdigit():
        raise ValueError("must be a name, not an address")
    return name.lower()


DnsName = Annotated[
    str,
    AfterValidator(_check_dns_name),
    Field(json_schema_extra={"pattern": DNS_NAME_PATTERN, "maxLength": DNS_NAME_MAX}),
]


def _check_cidr(text: str) -> str:
    try:
        found = ip_interface(text)
    except ValueError:
        raise ValueError("must be an address with its prefix, such as 192.168.100.1/24") from None
    if "/" not in text or "%" in text:
        raise ValueError("must have a prefix and no zone, such as 192.168.100.1/24")
    if isinstance(found, IPv4Interface) and not 8 <= found.network.prefixlen <= 30:
        raise ValueError("must have a prefix from /8 to /30: guests need addresses, too")
    if isinstance(found, IPv6Interface) and not 16 <= found.network.prefixlen <= 126:
        raise ValueError("must have a prefix from /16 to /126: guests need addresses, too")
    if found.ip == found.network.network_address or (found.version == 4 and found.ip == found.network.broadcast_address):
        raise ValueError(f"must be the host's own address in the network, such as {found.network[1]}/{found.network.prefixlen}")
    if found.is_loopback or found.is_multicast or found.is_unspecified or found.is_link_local:
        raise ValueError(f"{found.ip} cannot be the address of a network: use one of 10.0.0.0/8, 192.168.0.0/16 or fd00::/8")
    return str(found)


class DhcpLease(Model):
    """The address that one guest always gets. A change of it needs no restart of the network."""

    ip: Address = Field(description="The address.")
    mac: Annotated[str, AfterValidator(check_mac)] | None = Field(
        default=None,
        description="Of the nic that gets it; for IPv4.",
        json_schema_extra={"pattern": r"^[0-9A-Fa-f][02468ACEace](:[0-9A-Fa-f]{2}){5}$"},
    )
    duid: str | None = Field(
        default=None,
        pattern=r"^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){1,129}$",
        description="Of the guest that gets it; for IPv6, where DHCP knows no MAC.",
    )
    hostname: DnsName | None = Field(default=None, description="The name that the guest is told, and that DNS answers for.")

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        needed, other = ("mac", "duid") if ip_address(self.ip).version == 4 else ("duid", "mac")
        if getattr(self, other) is not None or getattr(self, needed) is None:
            raise ValueError(f"the lease of {self.ip} needs a {needed}, and no {other}")
        return self


class DhcpServer(Model):
    """What guests are given by DHCP. A change of it needs no restart of the network."""

    start: Address | None = Field(default=None, description="First address for guests without a lease. Goes with end.")
    end: Address | None = Field(default=None, description="Last address for guests without a lease. Goes with start.")
    leases: tuple[DhcpLease, ...] | None = Field(
        default=None, max_length=LEASES_MAX, description="Addresses that are kept for certain guests."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.start is None) != (self.end is None):
            raise ValueError("give start and end together, or neither")
        leases = self.leases or ()
        for name, given in (
            ("ip", [lease.ip for lease in leases]),
            ("mac", [lease.mac for lease in leases if lease.mac]),
            ("duid", [lease.duid.lower() for lease in leases if lease.duid]),
            ("hostname", [lease.hostname for lease in leases if lease.hostname]),
        ):
            if twice := first_repeated(given):
                raise ValueError(f"leases: the {name} {twice} is given twice")
        return self


class NetworkAddress(Model):
    """An address of the host in the network, and what guests get there."""

    cidr: Annotated[str, AfterValidator(_check_cidr)] = Field(
        max_length=64, description="The host's address with its prefix, IPv4 or IPv6, such as 192.168.100.1/24."
    )
    dhcp: DhcpServer | None = Field(default=None, description="Gives addresses to guests. Default: no DHCP.")

    @model_validator(mode="after")
    def _within(self) -> Self:
        own, dhcp = ip_interface(self.cidr), self.dhcp
        if dhcp is None:
            return self
        if own.version == 6 and own.network.prefixlen < DHCP6_PREFIX:
            raise ValueError(f"dhcp: IPv6 addresses are given in networks of /{DHCP6_PREFIX} and smaller: make the prefix longer")
        named = {"dhcp.start": dhcp.start, "dhcp.end": dhcp.end}
        named |= {f"dhcp.leases[{i}].ip": lease.ip for i, lease in enumerate(dhcp.leases or ())}
        for field, text in named.items():
            if text is None:
                continue
            ip = ip_address(text)
            if ip not in own.network:
                raise ValueError(f"{field}: {ip} is not in {own.network}")
            if ip == own.network.network_address or (ip.version == 4 and ip == own.network.broadcast_address):
                raise ValueError(f"{field}: {ip} is no address for a guest in {own.network}")
            if ip == own.ip and field.startswith("dhcp.leases"):
                raise ValueError(f"{field}: {ip} is the host's own address")
        if dhcp.start is not None and dhcp.end is not None:
            count = int(ip_address(dhcp.end)) - int(ip_address(dhcp.start)) + 1
            if count < 1:
                raise ValueError(f"dhcp.start: {dhcp.start} comes after dhcp.end {dhcp.end}")
            if count > RANGE_MAX and own.version == 4:
                raise ValueError(f"dhcp: {count} addresses from start to end are too many: the most is {RANGE_MAX}")
        return self


class DnsRecord(Model):
    """Names that DNS answers for with one address. A change of it needs no restart of the network."""

    ip: Address = Field(description="The answer.")
    names: tuple[DnsName, ...] = Field(min_length=1, max_length=NAMED_MAX, description="The questions.")


class NameServer(Model):
    """What the network's DNS server answers, on the host's addresses in the network."""

    enabled: Flag | None = Field(default=None, description="Whether there is one. Default: true.")
    domain: DnsName | None = Field(default=None, description="The domain of the guests, which DHCP tells them.")
    local_only: Flag | None = Field(default=None, description="Names in domain are never asked for anywhere else. Default: true.")
    forwarders: tuple[Address, ...] | None = Field(
        default=None, max_length=16, description="Servers that know other names. Default: those of the host."
    )
    hosts: tuple[DnsRecord, ...] | None = Field(
        default=None, max_length=LEASES_MAX, description="Names that it answers for itself."
    )

    @model_validator(mode="after")
    def _once(self) -> Self:
        if twice := first_repeated(record.ip for record in self.hosts or ()):
            raise ValueError(f"hosts: {twice} is given twice: list all names of an address together")
        return self


class NetworkSpec(Model):
    """What the network is like, on each host that has it."""

    mode: NetworkMode | None = Field(
        default=None,
        description="NAT: guests reach what the host reaches, and are not reached from there. Routed: the host routes, and "
        "routers outside need to know. Isolated: guests reach each other and the host. Bridge: guests are on a bridge "
        "that the host has. "
        "Default: NAT; of an adopted network: as it is.",
    )
    adopt: str | None = Field(
        default=None,
        pattern=NETWORK_PATTERN,
        description="Name of a libvirt network that others made. Only what this spec says of it is changed, and it is never "
        "removed.",
    )
    bridge: str | None = Field(
        default=None,
        pattern=BRIDGE_PATTERN,
        description="Mode Bridge: the host's bridge. Otherwise the name that the network's own bridge gets. Default: a "
        "derived one.",
    )
    addresses: tuple[NetworkAddress, ...] | None = Field(
        default=None, max_length=16, description="The host's addresses in the network; NAT and Routed need one."
    )
    dns: NameServer | None = Field(default=None, description="The network's DNS server.")
    mtu: Annotated[int, Field(ge=68, le=65521, strict=True)] | None = Field(
        default=None, description="Largest packet in bytes. Default: 1500."
    )
    forward_device: str | None = Field(
        default=None,
        pattern=BRIDGE_PATTERN,
        description="The host's device that NAT and Routed lead to. Default: whichever the host's routes say.",
    )
    host_selector: Labels = Field(
        default_factory=dict,
        description="Labels that a host must have to get the network. Default: every host gets it.",
    )

    @field_validator("addresses")
    @classmethod
    def _apart(cls, addresses: tuple[NetworkAddress, ...] | None) -> tuple[NetworkAddress, ...] | None:
        networks = [ip_interface(address.cidr).network for address in addresses or ()]
        for i, one in enumerate(networks):
            if other := next((n for n in networks[:i] if n.version == one.version and n.overlaps(one)), None):
                raise ValueError(f"{one} and {other} overlap")
        for version in (4, 6):
            served = [a for a in addresses or () if a.dhcp is not None and ip_interface(a.cidr).version == version]
            if len(served) > 1:
                raise ValueError(f"only one IPv{version} address can have dhcp: {served[0].cidr} and {served[1].cidr} do")
        return addresses

    @model_validator(mode="after")
    def _fits_its_mode(self) -> Self:
        mode = self.mode or (None if self.adopt else NetworkMode.NAT)
        if mode is NetworkMode.BRIDGE:
            if self.bridge is None and not self.adopt:
                raise ValueError("mode: Bridge needs bridge, the name of a bridge that the host has")
            given = ("addresses", "dns", "mtu", "forwardDevice")
            for name, value in zip(given, (self.addresses, self.dns, self.mtu, self.forward_device), strict=True):
                if value is not None:
                    raise ValueError(f"{name}: a bridge of the host is configured on the host: remove it, or choose another mode")
        if mode is NetworkMode.ISOLATED and self.forward_device is not None:
            raise ValueError("forwardDevice: an isolated network leads nowhere: remove it, or choose mode: NAT or mode: Routed")
        if mode in (NetworkMode.NAT, NetworkMode.ROUTED) and not self.adopt and not self.addresses:
            raise ValueError(f"mode: {mode} needs addresses, such as addresses: [{{cidr: 192.168.100.1/24}}]")
        return self


class NetworkOnHost(Model):
    """The network on one host, as it was last observed there."""

    name: str = Field(description="The host.")
    network: str = Field(default="", description="libvirt's name of it there.")
    active: bool = Field(default=False, description="Whether it is up, and as its spec says.")
    bridge: str = Field(default="", description="The bridge device there.")
    guests: int = Field(default=0, description="Running machines that are plugged into it.")
    reason: str = Field(default="", description="One CamelCase word, for programs.")
    message: StatusText = Field(default="", description="For people: what is so, and what to do next.")
    changes: tuple[PendingChange, ...] = Field(
        default=(), description="What waits for a restart of the network, which has to be free of guests."
    )


class NetworkStatus(Status):
    """The network as it was last observed."""

    observed_generation: int = Field(default=0, description="The generation of the spec that this status speaks of.")
    conditions: tuple[Condition, ...] = Field(default=(), description="What holds of it and why, by type.")
    machines: int = Field(default=0, description="Machines that name it.")
    hosts: tuple[NetworkOnHost, ...] = Field(default=(), description="What it is on each host that has it.")


class Network(Resource):
    """A virtual network of the hosts: NAT, routed or isolated, or a bridge that a host has."""

    KIND: ClassVar[str] = "Network"

    api_version: Literal["homeostat.dev/v1alpha1"] = "homeostat.dev/v1alpha1"
    kind: Literal["Network"] = "Network"
    spec: NetworkSpec
    status: NetworkStatus | None = None

    @property
    def mode(self) -> NetworkMode | None:
        """Its mode. None: that of the adopted network."""
        return self.spec.mode or (None if self.spec.adopt else NetworkMode.NAT)
