"""What differs between two definitions of a network, each with the disruption that the change takes, and what updates it live.

libvirt changes DHCP ranges, static leases and DNS records of a network that is up. Everything else is read when it starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from ..plan import Change, Disruption
from .config import AddressConfig, DnsConfig, LeaseConfig, NetworkConfig

LIVE, RESTART = Disruption.LIVE, Disruption.NEEDS_RESTART
_WORDS = {"nat": "NAT", "route": "Routed", "isolated": "Isolated", "bridge": "Bridge"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LiveUpdate:
    """One entry that is added to, or deleted from, a network that is up. ``address``: see actions.UpdateNetwork."""

    command: Literal["add", "delete"]
    entry: tuple[str, str] | LeaseConfig | DnsConfig
    address: str


def compare(have: NetworkConfig, want: NetworkConfig) -> tuple[Change, ...]:
    """Returns what differs, with the names that the spec uses."""
    return (*_restarting(have, want), *_changing_live(have, want))


def live_updates(have: NetworkConfig, want: NetworkConfig) -> tuple[LiveUpdate, ...]:
    """Returns what makes ``have``, which is up, like ``want``, as far as that can be done without a restart. An entry that
    changes is deleted first, because libvirt refuses one with an address or a MAC that another one has. A range is added first:
    without any, DHCP would take the address of each guest away that asks just then."""
    deleted: list[LiveUpdate] = []
    added: list[LiveUpdate] = []
    ranges: list[LiveUpdate] = []

    def put(old: Sequence[LeaseConfig | DnsConfig], new: Sequence[LeaseConfig | DnsConfig], address: str) -> None:
        deleted.extend(LiveUpdate("delete", one, address) for one in old if one not in new)
        added.extend(LiveUpdate("add", one, address) for one in new if one not in old)

    for before, after in _both(have, want):
        if after.ranges is not None:
            had = before.ranges or ()
            ranges += [LiveUpdate("add", one, after.cidr) for one in after.ranges if one not in had]
            ranges += [LiveUpdate("delete", one, after.cidr) for one in had if one not in after.ranges]
        if after.leases is not None:
            put(before.leases or (), after.leases, after.cidr)
    if want.hosts is not None:
        put(have.hosts or (), want.hosts, "")
    return (*deleted, *ranges, *added)


def _both(have: NetworkConfig, want: NetworkConfig) -> Iterator[tuple[AddressConfig, AddressConfig]]:
    """Yields the addresses that both have."""
    had = {address.cidr: address for address in have.addresses or ()}
    for address in want.addresses or ():
        if address.cidr in had:
            yield had[address.cidr], address


def _restarting(have: NetworkConfig, want: NetworkConfig) -> Iterator[Change]:
    for field, old, new in (
        ("mode", _word(have.mode), _word(want.mode)),
        ("bridge", have.bridge, want.bridge),
        ("forwardDevice", have.forward_device, want.forward_device),
        ("mtu", _size(have.mtu), _size(want.mtu)),
        ("dns.enabled", _flag(have.dns), _flag(want.dns)),
        ("dns.domain", have.domain, want.domain),
        ("dns.localOnly", _flag(have.local_only), _flag(want.local_only)),
        ("dns.forwarders", _listed(have.forwarders), _listed(want.forwarders)),
    ):
        if new is not None and old != new:
            yield Change(field, old or "none", new or "none", RESTART)
    had = {address.cidr for address in have.addresses or ()}
    wanted = {address.cidr for address in want.addresses or ()}
    for cidr in sorted(had - wanted) if want.whole and want.addresses is not None else ():
        yield Change(f"addresses[{cidr}]", cidr, "none", RESTART)
    for cidr in sorted(wanted - had):
        yield Change(f"addresses[{cidr}]", "none", cidr, RESTART)
    if want.nat_ipv6 is not None and had == wanted and bool(have.nat_ipv6) != want.nat_ipv6:
        yield Change("addresses", *(("IPv6 routed", "IPv6 by NAT") if want.nat_ipv6 else ("IPv6 by NAT", "IPv6 routed")), RESTART)


def _changing_live(have: NetworkConfig, want: NetworkConfig) -> Iterator[Change]:
    for before, after in _both(have, want):
        field = f"addresses[{after.cidr}].dhcp"
        if after.ranges is not None and set(before.ranges or ()) != set(after.ranges):
            yield Change(f"{field}.start", _ranges(before.ranges), _ranges(after.ranges), LIVE)
        if after.leases is not None:
            yield from _entries(f"{field}.leases", before.leases or (), after.leases)
    if want.hosts is not None:
        yield from _entries("dns.hosts", have.hosts or (), want.hosts)


def _entries(
    field: str, before: tuple[LeaseConfig, ...] | tuple[DnsConfig, ...], after: tuple[LeaseConfig, ...] | tuple[DnsConfig, ...]
) -> Iterator[Change]:
    old, new = {one.ip: one for one in before}, {one.ip: one for one in after}
    for ip in dict.fromkeys((*old, *new)):
        if old.get(ip) != new.get(ip):
            yield Change(f"{field}[{ip}]", entry_words(old.get(ip)), entry_words(new.get(ip)), LIVE)


def entry_words(entry: tuple[str, str] | LeaseConfig | DnsConfig | None) -> str:
    """Describes one entry, without the address that it is for."""
    match entry:
        case None:
            return "none"
        case LeaseConfig():
            return " ".join(filter(None, (entry.mac, entry.duid, entry.hostname)))
        case DnsConfig():
            return ", ".join(entry.names)
        case (first, last):
            return f"{first} to {last}"


def _ranges(ranges: tuple[tuple[str, str], ...] | None) -> str:
    return ", ".join(entry_words(one) for one in ranges or ()) or "none"


def _word(mode: str | None) -> str | None:
    return None if mode is None else _WORDS.get(mode, mode)


def _size(mtu: int | None) -> str | None:
    return None if mtu is None else str(mtu or "")


def _flag(value: bool | None) -> str | None:
    return None if value is None else str(value).lower()


def _listed(values: tuple[str, ...] | None) -> str | None:
    return None if values is None else ", ".join(values)
